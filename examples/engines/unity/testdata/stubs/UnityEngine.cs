// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.
using System;

namespace UnityEngine
{
    public class Object
    {
        public string name { get { throw null; } set { throw null; } }
        public static void Destroy(Object obj) { throw null; }
    }
    public class ScriptableObject : Object
    {
    }
    public class Component : Object
    {
        public T GetComponent<T>() { throw null; }
    }
    public class Behaviour : Component
    {
        public bool enabled { get { throw null; } set { throw null; } }
    }
    public class MonoBehaviour : Behaviour
    {
    }
    public sealed class SerializeField : Attribute
    {
    }
    public class TooltipAttribute : PropertyAttribute
    {
        public TooltipAttribute(string tooltip) { throw null; }
    }
    public sealed class MinAttribute : PropertyAttribute
    {
        public MinAttribute(float min) { throw null; }
    }
    public sealed class RangeAttribute : PropertyAttribute
    {
        public RangeAttribute(float min, float max) { throw null; }
    }
    public abstract class PropertyAttribute : Attribute
    {
    }
    public sealed class RequireComponent : Attribute
    {
        public RequireComponent(Type requiredComponent) { throw null; }
    }
    public sealed class AddComponentMenu : Attribute
    {
        public AddComponentMenu(string menuName) { throw null; }
    }
    public enum CameraType
    {
        Game,
        SceneView,
        Preview,
        VR,
        Reflection,
    }
    [Flags]
    public enum DepthTextureMode
    {
        None,
        Depth,
        DepthNormals,
        MotionVectors,
    }
    public sealed class Camera : Behaviour
    {
        public int pixelWidth { get { throw null; } }
        public int pixelHeight { get { throw null; } }
        public DepthTextureMode depthTextureMode { get { throw null; } set { throw null; } }
    }
    public enum FilterMode
    {
        Point,
        Bilinear,
        Trilinear,
    }
    public enum TextureWrapMode
    {
        Repeat,
        Clamp,
        Mirror,
        MirrorOnce,
    }
    public class Texture : Object
    {
        public virtual int width { get { throw null; } set { throw null; } }
        public virtual int height { get { throw null; } set { throw null; } }
        public FilterMode filterMode { get { throw null; } set { throw null; } }
        public TextureWrapMode wrapMode { get { throw null; } set { throw null; } }
    }
    public sealed class Texture2D : Texture
    {
        public static Texture2D whiteTexture { get { throw null; } }
    }
    public sealed class Texture3D : Texture
    {
    }
    public enum CubemapFace
    {
        Unknown,
    }
    public enum RenderTextureFormat
    {
        ARGB32,
        ARGBHalf,
        ARGBFloat,
    }
    public enum RenderTextureReadWrite
    {
        Default,
        Linear,
        sRGB,
    }
    public struct RenderTextureDescriptor
    {
        public int width { get { throw null; } set { throw null; } }
        public int height { get { throw null; } set { throw null; } }
    }
    public class RenderTexture : Texture
    {
        public RenderTexture(int width, int height, int depth, RenderTextureFormat format, RenderTextureReadWrite readWrite) { throw null; }
        public bool enableRandomWrite { get { throw null; } set { throw null; } }
        public bool Create() { throw null; }
        public void Release() { throw null; }
        public static RenderTexture GetTemporary(int width, int height, int depthBuffer, RenderTextureFormat format, RenderTextureReadWrite readWrite) { throw null; }
        public static void ReleaseTemporary(RenderTexture temp) { throw null; }
    }
    public sealed class Shader : Object
    {
        public static Shader Find(string name) { throw null; }
        public static int PropertyToID(string name) { throw null; }
    }
    public class Material : Object
    {
        public Material(Shader shader) { throw null; }
        public void SetVector(string name, Vector4 value) { throw null; }
        public void SetTexture(string name, Texture value) { throw null; }
    }
    public sealed class MaterialPropertyBlock
    {
    }
    public class Graphics
    {
        public static void Blit(Texture source, RenderTexture dest) { throw null; }
        public static void Blit(Texture source, RenderTexture dest, Material mat, int pass) { throw null; }
    }
    public struct Vector4
    {
        public Vector4(float x, float y, float z, float w) { throw null; }
        public static Vector4 one { get { throw null; } }
    }
    public struct Vector2Int
    {
        public Vector2Int(int x, int y) { throw null; }
        public int x { get { throw null; } set { throw null; } }
        public int y { get { throw null; } set { throw null; } }
    }
    public struct Mathf
    {
        public static float Sin(float f) { throw null; }
        public static float Abs(float f) { throw null; }
        public static float Max(float a, float b) { throw null; }
        public static int Max(int a, int b) { throw null; }
        public static int Min(int a, int b) { throw null; }
        public static int RoundToInt(float f) { throw null; }
    }
    public enum ColorSpace
    {
        Uninitialized,
        Gamma,
        Linear,
    }
    public sealed class QualitySettings : Object
    {
        public static ColorSpace activeColorSpace { get { throw null; } }
    }
    public sealed class SystemInfo
    {
        public static bool supportsComputeShaders { get { throw null; } }
    }
    public class Debug
    {
        public static void LogError(object message, Object context) { throw null; }
    }
}

namespace UnityEngine.Rendering
{
    public struct RenderTargetIdentifier
    {
        public RenderTargetIdentifier(Texture tex) { throw null; }
        public static implicit operator RenderTargetIdentifier(Texture tex) { throw null; }
    }
    public class CommandBuffer : IDisposable
    {
        public void Dispose() { throw null; }
        public void SetGlobalVector(int nameID, Vector4 value) { throw null; }
        public void SetGlobalTexture(int nameID, RenderTargetIdentifier value) { throw null; }
    }
    public struct ScriptableRenderContext
    {
    }
}
