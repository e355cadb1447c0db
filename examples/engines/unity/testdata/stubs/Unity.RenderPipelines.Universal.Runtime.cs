// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.
using System;
using UnityEngine.Rendering.RenderGraphModule;

namespace UnityEngine.Rendering.Universal
{
    public class DisallowMultipleRendererFeature : Attribute
    {
        public DisallowMultipleRendererFeature(string customTitle = null) { throw null; }
    }
    public struct CameraData
    {
        public ref CameraType cameraType { get { throw null; } }
    }
    public struct RenderingData
    {
        public CameraData cameraData;
    }
    public enum RenderPassEvent
    {
        BeforeRenderingPostProcessing,
        AfterRenderingPostProcessing,
        AfterRendering,
    }
    [Flags]
    public enum ScriptableRenderPassInput
    {
        None,
        Depth,
        Normal,
        Color,
        Motion,
    }
    public abstract class ScriptableRenderPass
    {
        public RenderPassEvent renderPassEvent { get { throw null; } set { throw null; } }
        public bool requiresIntermediateTexture { get { throw null; } set { throw null; } }
        public void ConfigureInput(ScriptableRenderPassInput passInput) { throw null; }
        public virtual void RecordRenderGraph(RenderGraph renderGraph, ContextContainer frameData) { throw null; }
    }
    public abstract class ScriptableRenderer
    {
        public void EnqueuePass(ScriptableRenderPass pass) { throw null; }
    }
    public abstract class ScriptableRendererFeature : ScriptableObject, IDisposable
    {
        public abstract void Create();
        public abstract void AddRenderPasses(ScriptableRenderer renderer, ref RenderingData renderingData);
        public void Dispose() { throw null; }
        protected virtual void Dispose(bool disposing) { throw null; }
    }
    public abstract class UniversalResourceDataBase : ContextItem
    {
    }
    public class UniversalResourceData : UniversalResourceDataBase
    {
        public bool isActiveTargetBackBuffer { get { throw null; } }
        public TextureHandle activeColorTexture { get { throw null; } }
        public TextureHandle cameraDepthTexture { get { throw null; } }
        public TextureHandle motionVectorColor { get { throw null; } }
    }
    public class UniversalCameraData : ContextItem
    {
        public Camera camera;
        public RenderTextureDescriptor cameraTargetDescriptor;
    }
}
