// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.
using System;
using System.Runtime.CompilerServices;
using UnityObject = UnityEngine.Object;

namespace UnityEngine.Rendering
{
    public struct RTHandleProperties
    {
        public Vector4 rtHandleScale;
    }
    public class RTHandle
    {
        public bool useScaling { get { throw null; } }
        public RTHandleProperties rtHandleProperties { get { throw null; } }
        public static implicit operator RenderTargetIdentifier(RTHandle handle) { throw null; }
    }
    public enum ClearFlag
    {
        None,
    }
    public static class CoreUtils
    {
        public static Material CreateEngineMaterial(Shader shader) { throw null; }
        public static void Destroy(UnityObject obj) { throw null; }
        public static void SetRenderTarget(CommandBuffer cmd, RTHandle buffer, ClearFlag clearFlag = ClearFlag.None, int miplevel = 0, CubemapFace cubemapFace = CubemapFace.Unknown, int depthSlice = -1) { throw null; }
        public static void SetRenderTarget(CommandBuffer cmd, RenderTargetIdentifier buffer, ClearFlag clearFlag = ClearFlag.None, int miplevel = 0, CubemapFace cubemapFace = CubemapFace.Unknown, int depthSlice = -1) { throw null; }
        public static void DrawFullScreen(CommandBuffer commandBuffer, Material material, MaterialPropertyBlock properties = null, int shaderPassId = 0) { throw null; }
        public static void DrawFullScreen(CommandBuffer commandBuffer, Material material, RenderTargetIdentifier colorBuffer, MaterialPropertyBlock properties = null, int shaderPassId = 0) { throw null; }
    }
    public abstract class ContextItem
    {
    }
    public class ContextContainer
    {
        public T Get<T>() where T : ContextItem, new() { throw null; }
    }
    public class UnsafeCommandBuffer
    {
    }
    public struct CommandBufferHelpers
    {
        public static CommandBuffer GetNativeCommandBuffer(UnsafeCommandBuffer baseBuffer) { throw null; }
    }
}

namespace UnityEngine.Rendering.RenderGraphModule
{
    public struct TextureHandle
    {
        public static implicit operator RTHandle(TextureHandle texture) { throw null; }
    }
    [Flags]
    public enum AccessFlags
    {
        None,
        Read,
        Write,
        Discard,
        WriteAll,
        ReadWrite,
    }
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
    public interface IRenderAttachmentRenderGraphBuilder : IBaseRenderGraphBuilder
    {
    }
    public interface IUnsafeRenderGraphBuilder : IRenderAttachmentRenderGraphBuilder
    {
        void SetRenderFunc<PassData>(BaseRenderFunc<PassData, UnsafeGraphContext> renderFunc) where PassData : class, new();
    }
    public class RenderGraph
    {
        public IUnsafeRenderGraphBuilder AddUnsafePass<PassData>(string passName, out PassData passData, [CallerFilePath] string file = "", [CallerLineNumber] int line = 0) where PassData : class, new() { throw null; }
    }
}
