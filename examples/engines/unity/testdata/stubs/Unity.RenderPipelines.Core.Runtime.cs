using System;

namespace UnityEngine.Rendering
{
    public struct RTHandleProperties
    {
        public Vector4 rtHandleScale;
    }

    public class RTHandle
    {
        public bool useScaling { get { return false; } }
        public RTHandleProperties rtHandleProperties { get { return default(RTHandleProperties); } }
        public static implicit operator RenderTargetIdentifier(RTHandle handle) { return default(RenderTargetIdentifier); }
    }

    public enum ClearFlag { None }

    public static class CoreUtils
    {
        public static Material CreateEngineMaterial(Shader shader) { return null; }
        public static void Destroy(UnityEngine.Object obj) { }
        public static void SetRenderTarget(CommandBuffer cmd, RTHandle buffer, ClearFlag clearFlag = ClearFlag.None, int miplevel = 0) { }
        public static void DrawFullScreen(CommandBuffer commandBuffer, Material material, MaterialPropertyBlock properties = null, int shaderPassId = 0) { }
        public static void DrawFullScreen(CommandBuffer commandBuffer, Material material, RenderTargetIdentifier colorBuffer, MaterialPropertyBlock properties = null, int shaderPassId = 0) { }
    }

    public abstract class ContextItem { }
    public class ContextContainer
    {
        public T Get<T>() where T : ContextItem, new() { return null; }
    }
    public class UnsafeCommandBuffer { }
    public struct CommandBufferHelpers
    {
        public static CommandBuffer GetNativeCommandBuffer(UnsafeCommandBuffer baseBuffer) { return null; }
    }
}

namespace UnityEngine.Rendering.RenderGraphModule
{
    public struct TextureHandle
    {
        public static implicit operator RTHandle(TextureHandle texture) { return null; }
    }

    [Flags]
    public enum AccessFlags { None = 0, Read = 1, Write = 2, Discard = 4, WriteAll = Write | Discard, ReadWrite = Read | Write }

    public class UnsafeGraphContext
    {
        public UnsafeCommandBuffer cmd;
    }

    public delegate void BaseRenderFunc<PassData, ContextType>(PassData data, ContextType renderGraphContext) where PassData : class, new();

    public interface IBaseRenderGraphBuilder : IDisposable
    {
        void UseTexture(in TextureHandle input, AccessFlags flags = AccessFlags.Read);
        void AllowPassCulling(bool value);
        void AllowGlobalStateModification(bool value);
    }
    public interface IUnsafeRenderGraphBuilder : IBaseRenderGraphBuilder
    {
        void SetRenderFunc<PassData>(BaseRenderFunc<PassData, UnsafeGraphContext> renderFunc) where PassData : class, new();
    }
    public class RenderGraph
    {
        public IUnsafeRenderGraphBuilder AddUnsafePass<PassData>(string passName, out PassData passData) where PassData : class, new()
        {
            passData = null;
            return null;
        }
    }
}
