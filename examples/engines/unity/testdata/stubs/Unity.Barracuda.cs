using System;
using System.Collections.Generic;
using UnityEngine;

namespace Unity.Barracuda
{
    public class NNModel : ScriptableObject { }

    public class Model
    {
#if BARRACUDA_3
        public Dictionary<string, string> Metadata { get; private set; }
#endif
    }

    public static class ModelLoader
    {
        public static Model Load(NNModel model, bool verbose = false, bool skipWeights = false) { return null; }
    }

    public class Tensor : IDisposable
    {
        public Tensor(int n, int h, int w, int c, float[] srcData, string name = "") { }
        public Tensor(Texture srcTexture, int channels = -1, string name = "") { }
        public void Dispose() { }
        public float[] ToReadOnlyArray() { return null; }
        public void ToRenderTexture(RenderTexture target, int batch = 0, int fromChannel = 0, float scale = 1.0f, float bias = 0f, Texture2D lut = null) { }
    }

    public interface IWorker : IDisposable
    {
        IWorker Execute(Tensor input);
        Tensor PeekOutput();
    }

    public class WorkerFactory
    {
        public enum Type { Auto, ComputePrecompiled, Compute, CSharpBurst }
        public static IWorker CreateWorker(Type type, Model model, bool verbose) { return null; }
        public static IWorker CreateWorker(Type type, Model model, string[] additionalOutputs = null, string[] trimOutputs = null, bool verbose = false) { return null; }
    }
}
