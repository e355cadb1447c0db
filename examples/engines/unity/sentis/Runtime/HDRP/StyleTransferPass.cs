using System;
using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Rendering;
using UnityEngine.Rendering.HighDefinition;

namespace Impasto
{
    /// <summary>
    /// Shows what HDRP's cameras see in a trained style. It is added to a Custom Pass
    /// Volume whose injection point is After Post Process.
    /// </summary>
    [Serializable]
    public sealed class StyleTransferPass : CustomPass
    {
        public StyleSettings settings = new StyleSettings();

        [SerializeField] Shader shader; // a reference, so that builds include it

        Material material;
        StyleNetwork network;
        readonly Dictionary<Camera, StyleFrame> frames = new Dictionary<Camera, StyleFrame>();

        /// <summary>Forgets the last frame of all cameras, at a cut or a teleport.</summary>
        public void Cut()
        {
            foreach (StyleFrame f in frames.Values)
                f.Cut();
        }

        protected override bool executeInSceneView
        {
            get { return settings.sceneView; }
        }

        protected override void Setup(ScriptableRenderContext renderContext, CommandBuffer cmd)
        {
            if (shader == null)
                shader = Shader.Find("Hidden/Impasto/StyleHDRP");
            if (settings.model == null || shader == null)
                return;
            material = CoreUtils.CreateEngineMaterial(shader);
            network = new StyleNetwork(settings.model, settings.range);
        }

        protected override void Execute(CustomPassContext ctx)
        {
            if (network == null || settings.strength <= 0)
                return;
            Camera camera = ctx.hdCamera.camera;
            StyleFrame frame;
            if (!frames.TryGetValue(camera, out frame))
            {
                frame = new StyleFrame();
                frames.Add(camera, frame);
            }
            frame.Render(ctx.cmd, network, settings, material, ctx.cameraColorBuffer, camera.pixelWidth, camera.pixelHeight);
        }

        protected override void Cleanup()
        {
            foreach (StyleFrame f in frames.Values)
                f.Dispose();
            frames.Clear();
            if (network != null)
                network.Dispose();
            network = null;
            CoreUtils.Destroy(material);
        }
    }
}
