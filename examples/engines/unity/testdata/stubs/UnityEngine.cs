using System;

namespace UnityEngine
{
    public class Object
    {
        public string name { get; set; }
        public static void Destroy(Object obj) { }
    }

    public class ScriptableObject : Object { }
    public class Component : Object
    {
        public T GetComponent<T>() { return default(T); }
    }
    public class Behaviour : Component
    {
        public bool enabled { get; set; }
    }
    public class MonoBehaviour : Behaviour { }

    [AttributeUsage(AttributeTargets.Field)]
    public sealed class SerializeField : Attribute { }
    [AttributeUsage(AttributeTargets.Field)]
    public class TooltipAttribute : Attribute
    {
        public TooltipAttribute(string tooltip) { }
    }
    [AttributeUsage(AttributeTargets.Field)]
    public sealed class MinAttribute : Attribute
    {
        public MinAttribute(float min) { }
    }
    [AttributeUsage(AttributeTargets.Field)]
    public sealed class RangeAttribute : Attribute
    {
        public RangeAttribute(float min, float max) { }
    }
    public sealed class RequireComponent : Attribute
    {
        public RequireComponent(Type requiredComponent) { }
    }
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName) { }
    }

    public enum CameraType { Game = 1, SceneView = 2, Preview = 4, VR = 8, Reflection = 16 }
    [Flags]
    public enum DepthTextureMode { None = 0, Depth = 1, DepthNormals = 2, MotionVectors = 4 }
    public sealed class Camera : Behaviour
    {
        public int pixelWidth { get { return 0; } }
        public int pixelHeight { get { return 0; } }
        public DepthTextureMode depthTextureMode { get; set; }
    }

    public enum FilterMode { Point, Bilinear, Trilinear }
    public enum TextureWrapMode { Repeat, Clamp, Mirror, MirrorOnce }
    public class Texture : Object
    {
        public virtual int width { get; set; }
        public virtual int height { get; set; }
        public FilterMode filterMode { get; set; }
        public TextureWrapMode wrapMode { get; set; }
    }
    public sealed class Texture2D : Texture
    {
        public static Texture2D whiteTexture { get { return null; } }
    }
    public enum RenderTextureFormat { ARGB32, ARGBHalf, ARGBFloat }
    public enum RenderTextureReadWrite { Default, Linear, sRGB }
    public struct RenderTextureDescriptor
    {
        public int width { get; set; }
        public int height { get; set; }
    }
    public class RenderTexture : Texture
    {
        public RenderTexture(int width, int height, int depth, RenderTextureFormat format, RenderTextureReadWrite readWrite) { }
        public bool enableRandomWrite { get; set; }
        public bool Create() { return false; }
        public void Release() { }
        public static RenderTexture GetTemporary(int width, int height, int depthBuffer, RenderTextureFormat format, RenderTextureReadWrite readWrite) { return null; }
        public static void ReleaseTemporary(RenderTexture temp) { }
    }

    public sealed class Shader : Object
    {
        public static Shader Find(string name) { return null; }
        public static int PropertyToID(string name) { return 0; }
    }
    public class Material : Object
    {
        public Material(Shader shader) { }
        public void SetVector(string name, Vector4 value) { }
        public void SetTexture(string name, Texture value) { }
    }
    public sealed class MaterialPropertyBlock { }

    public static class Graphics
    {
        public static void Blit(Texture source, RenderTexture dest) { }
        public static void Blit(Texture source, RenderTexture dest, Material mat, int pass) { }
    }

    public struct Vector4
    {
        public Vector4(float x, float y, float z, float w) { }
        public static Vector4 one { get { return default(Vector4); } }
    }
    public struct Vector2Int
    {
        public Vector2Int(int x, int y) : this() { }
        public int x { get; set; }
        public int y { get; set; }
    }
    public struct Mathf
    {
        public static float Sin(float f) { return 0; }
        public static float Abs(float f) { return 0; }
        public static float Max(float a, float b) { return 0; }
        public static int Max(int a, int b) { return 0; }
        public static int Min(int a, int b) { return 0; }
        public static int RoundToInt(float f) { return 0; }
    }
    public enum ColorSpace { Uninitialized = -1, Gamma = 0, Linear = 1 }
    public sealed class QualitySettings : Object
    {
        public static ColorSpace activeColorSpace { get { return ColorSpace.Gamma; } }
    }
    public sealed class SystemInfo
    {
        public static bool supportsComputeShaders { get { return false; } }
    }
    public class Debug
    {
        public static void LogError(object message, Object context) { }
    }
}

namespace UnityEngine.Rendering
{
    public struct RenderTargetIdentifier
    {
        public RenderTargetIdentifier(Texture tex) { }
        public static implicit operator RenderTargetIdentifier(Texture tex) { return default(RenderTargetIdentifier); }
    }
    public class CommandBuffer : IDisposable
    {
        public void Dispose() { }
        public void SetGlobalVector(int nameID, Vector4 value) { }
        public void SetGlobalTexture(int nameID, RenderTargetIdentifier value) { }
    }
    public struct ScriptableRenderContext { }
}
