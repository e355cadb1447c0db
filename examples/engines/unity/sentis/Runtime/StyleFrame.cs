using System;
using UnityEngine;
using UnityEngine.Rendering;

namespace Impasto
{
    /// <summary>The textures of one camera's styled picture, and the passes that make it.</summary>
    public sealed class StyleFrame : IDisposable
    {
        const int Encode = 0, Accumulate = 1, Compose = 2; // passes of the shaders

        static readonly int source = Shader.PropertyToID("_ImpastoSource");
        static readonly int sourceScale = Shader.PropertyToID("_ImpastoSourceScale");
        static readonly int styledId = Shader.PropertyToID("_ImpastoStyled");
        static readonly int historyId = Shader.PropertyToID("_ImpastoHistory");
        static readonly int resultId = Shader.PropertyToID("_ImpastoResult");
        static readonly int maskId = Shader.PropertyToID("_ImpastoMask");
        static readonly int settingsId = Shader.PropertyToID("_ImpastoSettings");
        static readonly int temporalId = Shader.PropertyToID("_ImpastoTemporal");

        RenderTexture frame, styled, history, next;
        int count; // frames since the textures were made or a cut

        /// <summary>Forgets the last frame, at a cut or a teleport.</summary>
        public void Cut()
        {
            count = 0;
        }

        public void Dispose()
        {
            Release(ref frame);
            Release(ref styled);
            Release(ref history);
            Release(ref next);
        }

        static void Release(ref RenderTexture t)
        {
            if (t != null)
            {
                t.Release();
                CoreUtils.Destroy(t);
                t = null;
            }
        }

        // Linear means that values are stored and read as they are: they are sRGB already.
        static RenderTexture Make(string name, Vector2Int size, RenderTextureFormat format, bool written)
        {
            var t = new RenderTexture(size.x, size.y, 0, format, RenderTextureReadWrite.Linear);
            t.name = name;
            t.enableRandomWrite = written;
            t.filterMode = FilterMode.Bilinear;
            t.wrapMode = TextureWrapMode.Clamp;
            t.Create();
            return t;
        }

        void Resize(Vector2Int size)
        {
            if (frame != null && frame.width == size.x && frame.height == size.y)
                return;
            Dispose();
            frame = Make("impasto frame", size, RenderTextureFormat.ARGBFloat, false);
            styled = Make("impasto styled", size, RenderTextureFormat.ARGBHalf, true);
            // Alpha holds the depth in meters.
            history = Make("impasto history", size, RenderTextureFormat.ARGBHalf, false);
            next = Make("impasto next", size, RenderTextureFormat.ARGBHalf, false);
            Cut();
        }

        /// <summary>
        /// Appends all passes: color becomes styled where it is. material has the shader of
        /// the render pipeline. Nothing is read back to the CPU.
        /// </summary>
        public void Render(CommandBuffer cmd, StyleNetwork network, StyleSettings settings, Material material,
            RTHandle color, int cameraWidth, int cameraHeight)
        {
            Resize(network.Size(cameraWidth, cameraHeight, settings.targetHeight));
            bool fresh = count % settings.every == 0;
            float keep = settings.Temporal && count > 0 ? (fresh ? settings.keep : 1) : 0;
            float linear = QualitySettings.activeColorSpace == ColorSpace.Linear ? 1 : 0;
            cmd.SetGlobalVector(settingsId, new Vector4(network.Scale, settings.strength, linear, 0));
            cmd.SetGlobalVector(temporalId, new Vector4(keep, fresh ? 1 : 0, settings.Temporal ? 1 : 0, 0));
            cmd.SetGlobalTexture(maskId, settings.mask != null ? settings.mask : Texture2D.whiteTexture);
            if (fresh)
            {
                Vector4 scale = color.useScaling ? color.rtHandleProperties.rtHandleScale : Vector4.one;
                cmd.SetGlobalVector(sourceScale, scale);
                cmd.SetGlobalTexture(source, color);
                CoreUtils.DrawFullScreen(cmd, material, new RenderTargetIdentifier(frame), null, Encode);
                network.Run(cmd, frame, styled);
            }
            cmd.SetGlobalTexture(styledId, styled);
            cmd.SetGlobalTexture(historyId, history);
            CoreUtils.DrawFullScreen(cmd, material, new RenderTargetIdentifier(next), null, Accumulate);
            RenderTexture result = next;
            next = history;
            history = result;

            // The pass blends into the color by strength and mask, and so does not read it.
            cmd.SetGlobalTexture(resultId, result);
            CoreUtils.SetRenderTarget(cmd, color);
            CoreUtils.DrawFullScreen(cmd, material, null, Compose);
            count++;
        }
    }
}
