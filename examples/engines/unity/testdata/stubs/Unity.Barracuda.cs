// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.
using System;
using System.Collections.Generic;
using UnityEngine;

namespace Unity.Barracuda
{
    public class NNModel : ScriptableObject
    {
    }
    public class Model
    {
#if BARRACUDA_3
        public Dictionary<string, string> Metadata { get { throw null; } }
#endif
    }
    public static class ModelLoader
    {
        public static Model Load(NNModel model, bool verbose = false, bool skipWeights = false) { throw null; }
    }
    public class Tensor : IDisposable
    {
        public Tensor(int n, int h, int w, int c, float[] srcData, string name = "") { throw null; }
        public Tensor(Texture srcTexture, int channels = -1, string name = "") { throw null; }
        public void Dispose() { throw null; }
        public float[] ToReadOnlyArray() { throw null; }
        public void ToRenderTexture(RenderTexture target, int batch = 0, int fromChannel = 0, float scale = 1.0f, float bias = 0f, Texture3D lut = null) { throw null; }
    }
    public interface IWorker : IDisposable
    {
        IWorker Execute(Tensor input);
        Tensor PeekOutput();
    }
    public class WorkerFactory
    {
        public enum Type
        {
            Auto,
            ComputePrecompiled,
            Compute,
            CSharpBurst,
        }
        public static IWorker CreateWorker(Type type, Model model, bool verbose) { throw null; }
        public static IWorker CreateWorker(Type type, Model model, string[] additionalOutputs = null, string[] trimOutputs = null, bool verbose = false) { throw null; }
    }
}
