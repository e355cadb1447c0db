using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Rendering;
using UnityEngine.Rendering.RenderGraphModule;
using UnityEngine.Rendering.Universal;

namespace Impasto
{
    /// <summary>
    /// Shows what URP's cameras see in a trained style, after post-processing. It is added
    /// to the renderer asset, by Add Renderer Feature.
    /// </summary>
    [DisallowMultipleRendererFeature("Impasto Style Transfer")]
    public sealed class StyleTransferFeature : ScriptableRendererFeature
    {
        public StyleSettings settings = new StyleSettings();

        [SerializeField] Shader shader; // a reference, so that builds include it

        StylePass pass;

        /// <summary>Forgets the last frame of all cameras, at a cut or a teleport.</summary>
        public void Cut()
        {
            if (pass != null)
                pass.Cut();
        }

        public override void Create()
        {
            Close();
            if (shader == null)
                shader = Shader.Find("Hidden/Impasto/StyleURP");
            if (settings.model == null || shader == null)
                return;
            pass = new StylePass(settings, CoreUtils.CreateEngineMaterial(shader));
            pass.renderPassEvent = RenderPassEvent.AfterRenderingPostProcessing;
        }

        public override void AddRenderPasses(ScriptableRenderer renderer, ref RenderingData renderingData)
        {
            CameraType type = renderingData.cameraData.cameraType;
            bool wanted = type == CameraType.Game || type == CameraType.SceneView && settings.sceneView;
            if (pass == null || !wanted || settings.strength <= 0)
                return;
            if (settings.Temporal)
                pass.ConfigureInput(ScriptableRenderPassInput.Motion | ScriptableRenderPassInput.Depth);
            renderer.EnqueuePass(pass);
        }

        protected override void Dispose(bool disposing)
        {
            Close();
        }

        void Close()
        {
            if (pass != null)
                pass.Dispose();
            pass = null;
        }

        sealed class StylePass : ScriptableRenderPass
        {
            readonly StyleSettings settings;
            readonly Material material;
            readonly StyleNetwork network;
            readonly Dictionary<Camera, StyleFrame> frames = new Dictionary<Camera, StyleFrame>();

            sealed class Data
            {
                public StylePass pass;
                public StyleFrame frame;
                public TextureHandle color;
                public int width, height;
            }

            public StylePass(StyleSettings settings, Material material)
            {
                this.settings = settings;
                this.material = material;
                network = new StyleNetwork(settings.model, settings.range);
                requiresIntermediateTexture = true; // the back buffer cannot be read
            }

            public void Cut()
            {
                foreach (StyleFrame f in frames.Values)
                    f.Cut();
            }

            public void Dispose()
            {
                foreach (StyleFrame f in frames.Values)
                    f.Dispose();
                frames.Clear();
                network.Dispose();
                CoreUtils.Destroy(material);
            }

            StyleFrame FrameOf(Camera camera)
            {
                StyleFrame frame;
                if (!frames.TryGetValue(camera, out frame))
                {
                    frame = new StyleFrame();
                    frames.Add(camera, frame);
                }
                return frame;
            }

            public override void RecordRenderGraph(RenderGraph renderGraph, ContextContainer frameData)
            {
                var resources = frameData.Get<UniversalResourceData>();
                var camera = frameData.Get<UniversalCameraData>();
                if (resources.isActiveTargetBackBuffer)
                    return;
                Data data;
                using (IUnsafeRenderGraphBuilder builder = renderGraph.AddUnsafePass<Data>("Impasto Style Transfer", out data))
                {
                    data.pass = this;
                    data.frame = FrameOf(camera.camera);
                    data.color = resources.activeColorTexture;
                    data.width = camera.cameraTargetDescriptor.width;
                    data.height = camera.cameraTargetDescriptor.height;
                    builder.UseTexture(data.color, AccessFlags.ReadWrite);
                    if (settings.Temporal)
                    {
                        builder.UseTexture(resources.motionVectorColor, AccessFlags.Read);
                        builder.UseTexture(resources.cameraDepthTexture, AccessFlags.Read);
                    }
                    builder.AllowPassCulling(false);
                    builder.AllowGlobalStateModification(true);
                    builder.SetRenderFunc<Data>(Execute);
                }
            }

            static void Execute(Data data, UnsafeGraphContext context)
            {
                CommandBuffer cmd = CommandBufferHelpers.GetNativeCommandBuffer(context.cmd);
                StylePass pass = data.pass;
                data.frame.Render(cmd, pass.network, pass.settings, pass.material, data.color, data.width, data.height);
            }
        }
    }
}
