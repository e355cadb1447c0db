using System;
using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Rendering;

namespace Unity.InferenceEngine
{
    public class ModelAsset : ScriptableObject { }

    public struct TensorShape
    {
        public TensorShape(int d3, int d2, int d1, int d0) { }
        public int this[int axis] { get { return 0; } }
    }

    public struct DynamicTensorShape
    {
        public bool IsStatic() { return false; }
        public TensorShape ToTensorShape() { return default(TensorShape); }
    }

    public class Model
    {
        public struct Input
        {
            public string name;
            public DynamicTensorShape shape;
        }
        public List<Input> inputs = new List<Input>();
    }

    public static class ModelLoader
    {
        public static Model Load(ModelAsset modelAsset) { return null; }
    }

    public abstract class Tensor : IDisposable
    {
        public TensorShape shape { get { return default(TensorShape); } }
        public Tensor ReadbackAndClone() { return null; }
        public void Dispose() { }
    }

    public class Tensor<T> : Tensor
    {
        public Tensor(TensorShape shape, T[] srcData, int dataStartIndex = 0) { }
        public Tensor(TensorShape shape, bool clearOnInit = true) { }
        public T[] DownloadToArray() { return null; }
    }

    public enum BackendType { CPU, GPUCompute, GPUPixel }

    public class Worker : IDisposable
    {
        public Worker(Model model, BackendType backendType) { }
        public void Dispose() { }
        public void Schedule(Tensor input) { }
        public Tensor PeekOutput() { return null; }
    }

    public static class CommandBufferWorkerExtensions
    {
        public static void ScheduleWorker(this CommandBuffer cb, Worker worker, Tensor input) { }
    }

    public struct TextureTransform { }

    public static class TextureConverter
    {
        public static void ToTensor(this CommandBuffer cb, Texture texture, Tensor<float> tensor, TextureTransform transform = default(TextureTransform)) { }
        public static void RenderToTexture(this CommandBuffer cb, Tensor<float> tensor, RenderTexture renderTexture, TextureTransform transform = default(TextureTransform)) { }
    }
}
