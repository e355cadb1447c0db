using System;
using Unity.Barracuda;
using UnityEngine;

namespace Impasto
{
    /// <summary>The values that a network takes and returns.</summary>
    public enum ValueRange
    {
        /// <summary>From the model's metadata, or found out by running it once.</summary>
        Auto,
        /// <summary>0 to 1.</summary>
        Unit,
        /// <summary>0 to 255.</summary>
        Byte,
    }

    /// <summary>Shows what a camera of the built-in render pipeline sees in a trained style.</summary>
    [RequireComponent(typeof(Camera))]
    [AddComponentMenu("Impasto/Style Transfer")]
    public sealed class StyleTransfer : MonoBehaviour
    {
        [Tooltip("The trained style, an ONNX file")]
        public NNModel model;

        [Tooltip("Values that the model takes and returns; Auto finds out")]
        public ValueRange range = ValueRange.Auto;

        public WorkerFactory.Type workerType = WorkerFactory.Type.ComputePrecompiled;

        [Tooltip("Rows of the frame that the network gets; the columns follow the camera's aspect")]
        [Min(8)] public int targetHeight = 540;

        [Tooltip("How much of the style shows")]
        [Range(0, 1)] public float strength = 1;

        [Tooltip("Where the style shows: white is style, black is the frame as it was. None means everywhere")]
        public Texture mask;

        [Tooltip("Run the network every n-th frame; in between its picture moves along the motion vectors")]
        [Min(1)] public int every = 1;

        [Tooltip("How much of the last styled frame stays, moved along the motion vectors. It takes the flicker away; 0 turns it off")]
        [Range(0, 0.95f)] public float keep = 0.8f;

        [SerializeField] Shader shader; // a reference, so that builds include it

        const int Encode = 0, Accumulate = 1, Compose = 2; // passes of the shader

        IWorker worker;
        Material material;
        RenderTexture styled, history, next; // of sRGB values; the alpha of the last two is depth
        float scale;
        int count; // frames since the textures were made or a cut

        bool Temporal
        {
            get { return keep > 0 || every > 1; }
        }

        /// <summary>Forgets the last frame, at a cut or a teleport.</summary>
        public void Cut()
        {
            count = 0;
        }

        void OnEnable()
        {
            if (shader == null)
                shader = Shader.Find("Hidden/Impasto/StyleBuiltin");
            if (model == null || shader == null)
            {
                Debug.LogError("impasto: assign a model", this);
                enabled = false;
                return;
            }
            Model loaded = ModelLoader.Load(model);
            worker = WorkerFactory.CreateWorker(workerType, loaded);
            material = new Material(shader);
            scale = range == ValueRange.Auto ? FindScale(loaded) : range == ValueRange.Byte ? 255 : 1;
        }

        void OnDisable()
        {
            if (worker != null)
                worker.Dispose();
            worker = null;
            if (material != null)
                Destroy(material);
            Release();
        }

        void Release()
        {
            Release(ref styled);
            Release(ref history);
            Release(ref next);
        }

        static void Release(ref RenderTexture t)
        {
            if (t != null)
            {
                t.Release();
                Destroy(t);
                t = null;
            }
        }

        /// <summary>
        /// Whether the model works on 0 to 255. The metadata says so, where Barracuda (2.1
        /// and later) keeps it and no tool has dropped it. Otherwise it shows in what the
        /// network makes of a test picture of 0 to 1: instance normalization takes the
        /// input's scale away, so a network trained on 0 to 255 answers on that scale
        /// whatever it is given.
        /// </summary>
        float FindScale(Model loaded)
        {
#if IMPASTO_METADATA
            string said;
            if (loaded.Metadata.TryGetValue("value_range", out said))
                return said == "0..255" ? 255 : 1;
#endif
            const int size = 64;
            var values = new float[3 * size * size];
            for (int i = 0; i < values.Length; i++)
                values[i] = 0.5f + 0.5f * Mathf.Sin(0.37f * (i / 3 % size) + 0.23f * (i / 3 / size));
            using (var picture = new Tensor(1, size, size, 3, values)) // Barracuda is NHWC
            {
                worker.Execute(picture);
                float largest = 0;
                foreach (float v in worker.PeekOutput().ToReadOnlyArray())
                    largest = Mathf.Max(largest, Mathf.Abs(v));
                return largest > 8 ? 255 : 1;
            }
        }

        /// <summary>The network needs multiples of 4, at least 8.</summary>
        static int Fit(float size)
        {
            return Mathf.Max(8, 4 * Mathf.RoundToInt(size / 4f));
        }

        // Linear means that values are stored and read as they are.
        static RenderTexture Make(int width, int height)
        {
            var t = new RenderTexture(width, height, 0, RenderTextureFormat.ARGBHalf, RenderTextureReadWrite.Linear);
            t.wrapMode = TextureWrapMode.Clamp;
            return t;
        }

        void OnRenderImage(RenderTexture source, RenderTexture destination)
        {
            if (worker == null || strength <= 0)
            {
                Graphics.Blit(source, destination);
                return;
            }
            if (Temporal)
                GetComponent<Camera>().depthTextureMode |= DepthTextureMode.Depth | DepthTextureMode.MotionVectors;
            int height = Fit(Mathf.Min(targetHeight, source.height));
            int width = Fit(source.width * (height / (float)source.height));
            if (styled == null || styled.width != width || styled.height != height)
            {
                Release();
                styled = Make(width, height);
                history = Make(width, height);
                next = Make(width, height);
                Cut();
            }
            bool fresh = count % every == 0;
            float kept = Temporal && count > 0 ? (fresh ? keep : 1) : 0;
            float linear = QualitySettings.activeColorSpace == ColorSpace.Linear ? 1 : 0;
            material.SetVector("_Settings", new Vector4(scale, strength, linear, 0));
            material.SetVector("_Temporal", new Vector4(kept, fresh ? 1 : 0, Temporal ? 1 : 0, 0));
            material.SetTexture("_Mask", mask != null ? mask : Texture2D.whiteTexture);
            if (fresh)
                Style(source, width, height);
            material.SetTexture("_History", history);
            Graphics.Blit(styled, next, material, Accumulate);
            RenderTexture result = next;
            next = history;
            history = result;
            material.SetTexture("_Result", result);
            Graphics.Blit(source, destination, material, Compose);
            count++;
        }

        void Style(RenderTexture source, int width, int height)
        {
            // Full floats: half ones hold 0 to 255 in steps of an eighth.
            var frame = RenderTexture.GetTemporary(width, height, 0, RenderTextureFormat.ARGBFloat, RenderTextureReadWrite.Linear);
            Graphics.Blit(source, frame, material, Encode);
            using (var input = new Tensor(frame, 3))
            {
                worker.Execute(input);
                worker.PeekOutput().ToRenderTexture(styled); // the output is the worker's
            }
            RenderTexture.ReleaseTemporary(frame);
        }
    }
}
