using System;
using UnityEngine.Rendering.RenderGraphModule;

namespace UnityEngine.Rendering.Universal
{
    public class DisallowMultipleRendererFeature : Attribute
    {
        public DisallowMultipleRendererFeature(string customTitle = null) { }
    }

    public struct CameraData
    {
        public ref CameraType cameraType { get { throw new NotSupportedException(); } }
    }
    public struct RenderingData
    {
        public CameraData cameraData;
    }

    public enum RenderPassEvent { BeforeRenderingPostProcessing = 550, AfterRenderingPostProcessing = 600, AfterRendering = 1000 }
    [Flags]
    public enum ScriptableRenderPassInput { None = 0, Depth = 1, Normal = 2, Color = 4, Motion = 8 }

    public abstract class ScriptableRenderPass
    {
        public RenderPassEvent renderPassEvent { get; set; }
        public bool requiresIntermediateTexture { get; set; }
        public void ConfigureInput(ScriptableRenderPassInput passInput) { }
        public virtual void RecordRenderGraph(RenderGraph renderGraph, ContextContainer frameData) { }
    }
    public abstract class ScriptableRenderer
    {
        public void EnqueuePass(ScriptableRenderPass pass) { }
    }
    public abstract class ScriptableRendererFeature : ScriptableObject, IDisposable
    {
        public abstract void Create();
        public abstract void AddRenderPasses(ScriptableRenderer renderer, ref RenderingData renderingData);
        public void Dispose() { }
        protected virtual void Dispose(bool disposing) { }
    }

    public class UniversalResourceData : ContextItem
    {
        public bool isActiveTargetBackBuffer { get { return false; } }
        public TextureHandle activeColorTexture { get { return default(TextureHandle); } }
        public TextureHandle cameraDepthTexture { get { return default(TextureHandle); } }
        public TextureHandle motionVectorColor { get { return default(TextureHandle); } }
    }
    public class UniversalCameraData : ContextItem
    {
        public Camera camera;
        public RenderTextureDescriptor cameraTargetDescriptor;
    }
}
