// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.
using System;
using System.Collections.Generic;
using UnityEngine;
using UnityEngine.Rendering;

namespace Unity.InferenceEngine
{
    public class ModelAsset : ScriptableObject
    {
    }
    public struct TensorShape
    {
        public TensorShape(int d0, int d1, int d2, int d3) { throw null; }
        public int this[int axis] { get { throw null; } }
    }
    public struct DynamicTensorShape
    {
        public bool IsStatic() { throw null; }
        public TensorShape ToTensorShape() { throw null; }
    }
    public class Model
    {
        public struct Input
        {
            public string name;
            public DynamicTensorShape shape;
        }
        public List<Input> inputs;
    }
    public static class ModelLoader
    {
        public static Model Load(ModelAsset modelAsset) { throw null; }
    }
    public abstract class Tensor : IDisposable
    {
        public TensorShape shape { get { throw null; } }
        public Tensor ReadbackAndClone() { throw null; }
        public void Dispose() { throw null; }
    }
    public class Tensor<T> : Tensor
    {
        public Tensor(TensorShape shape, T[] srcData, int dataStartIndex = 0) { throw null; }
        public Tensor(TensorShape shape, bool clearOnInit = true) { throw null; }
        public T[] DownloadToArray() { throw null; }
    }
    public enum BackendType
    {
        CPU,
        GPUCompute,
        GPUPixel,
    }
    public class Worker : IDisposable
    {
        public Worker(Model model, BackendType backendType) { throw null; }
        public void Dispose() { throw null; }
        public void Schedule(Tensor input) { throw null; }
        public Tensor PeekOutput() { throw null; }
    }
    public static class CommandBufferWorkerExtensions
    {
        public static void ScheduleWorker(this CommandBuffer cb, Worker worker, Tensor input) { throw null; }
    }
    public struct TextureTransform
    {
    }
    public static class TextureConverter
    {
        public static void ToTensor(this CommandBuffer cb, Texture texture, Tensor<float> tensor, TextureTransform transform = default) { throw null; }
        public static void RenderToTexture(this CommandBuffer cb, Tensor<float> tensor, RenderTexture renderTexture, TextureTransform transform = default) { throw null; }
    }
}
