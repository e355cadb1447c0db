using System;
using Unity.InferenceEngine;
using UnityEngine;
using UnityEngine.Rendering;

namespace Impasto
{
    /// <summary>A loaded style that runs inside command buffers, on the GPU all the way.</summary>
    public sealed class StyleNetwork : IDisposable
    {
        readonly Worker worker;
        readonly Vector2Int fixedSize; // of a model exported for one size, otherwise 0
        Tensor<float> input;

        /// <summary>What textures of 0 to 1 are multiplied with for the network: 1 or 255.</summary>
        public float Scale { get; private set; }

        public StyleNetwork(ModelAsset asset, ValueRange range)
        {
            if (!SystemInfo.supportsComputeShaders)
                throw new NotSupportedException("impasto: the style needs compute shaders, which this device lacks");
            Model model = ModelLoader.Load(asset);
            DynamicTensorShape shape = model.inputs[0].shape;
            if (shape.IsStatic())
            {
                TensorShape s = shape.ToTensorShape();
                fixedSize = new Vector2Int(s[3], s[2]);
            }
            worker = new Worker(model, BackendType.GPUCompute);
            Scale = range == ValueRange.Auto ? FindScale() : range == ValueRange.Byte ? 255 : 1;
        }

        public void Dispose()
        {
            worker.Dispose();
            if (input != null)
                input.Dispose();
        }

        /// <summary>The size for a camera: multiples of 4, at least 8, or the model's own.</summary>
        public Vector2Int Size(int cameraWidth, int cameraHeight, int targetHeight)
        {
            if (fixedSize.x > 0)
                return fixedSize;
            int height = Fit(Mathf.Min(targetHeight, cameraHeight));
            return new Vector2Int(Fit(cameraWidth * (height / (float)cameraHeight)), height);
        }

        static int Fit(float size)
        {
            return Mathf.Max(8, 4 * Mathf.RoundToInt(size / 4f));
        }

        /// <summary>Appends the network: frame, of a size from Size and multiplied by Scale, becomes styled.</summary>
        public void Run(CommandBuffer cmd, RenderTexture frame, RenderTexture styled)
        {
            Resize(frame.width, frame.height);
            cmd.ToTensor(frame, input);
            cmd.ScheduleWorker(worker, input);
            // The output is the worker's own: it is not disposed here.
            cmd.RenderToTexture((Tensor<float>)worker.PeekOutput(), styled);
        }

        void Resize(int width, int height)
        {
            if (input != null && input.shape[3] == width && input.shape[2] == height)
                return;
            if (input != null)
                input.Dispose();
            input = new Tensor<float>(new TensorShape(1, 3, height, width));
        }

        /// <summary>
        /// Sentis drops the metadata of ONNX files, which name the range. It shows in what
        /// the network makes of a test picture of 0 to 1: instance normalization takes the
        /// input's scale away, so a network trained on 0 to 255 answers on that scale
        /// whatever it is given.
        /// </summary>
        float FindScale()
        {
            int width = fixedSize.x > 0 ? fixedSize.x : 64, height = fixedSize.x > 0 ? fixedSize.y : 64;
            var values = new float[3 * height * width];
            for (int i = 0; i < values.Length; i++)
                values[i] = 0.5f + 0.5f * Mathf.Sin(0.37f * (i % width) + 0.23f * (i / width));
            using (var picture = new Tensor<float>(new TensorShape(1, 3, height, width), values))
            {
                worker.Schedule(picture);
                using (var result = (Tensor<float>)worker.PeekOutput().ReadbackAndClone())
                {
                    float largest = 0;
                    foreach (float v in result.DownloadToArray())
                        largest = Mathf.Max(largest, Mathf.Abs(v));
                    return largest > 8 ? 255 : 1;
                }
            }
        }
    }
}
