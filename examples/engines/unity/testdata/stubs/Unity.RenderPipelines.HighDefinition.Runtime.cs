// Made by examples/engines/unity/internal/stubs from the list in testdata/api. DO NOT EDIT.

namespace UnityEngine.Rendering.HighDefinition
{
    public class HDCamera
    {
        public Camera camera;
    }
    public struct CustomPassContext
    {
        public readonly CommandBuffer cmd;
        public readonly HDCamera hdCamera;
        public readonly RTHandle cameraColorBuffer;
    }
    public abstract class CustomPass
    {
        protected virtual bool executeInSceneView { get { throw null; } }
        protected virtual void Setup(ScriptableRenderContext renderContext, CommandBuffer cmd) { throw null; }
        protected virtual void Execute(CustomPassContext ctx) { throw null; }
        protected virtual void Cleanup() { throw null; }
    }
}
