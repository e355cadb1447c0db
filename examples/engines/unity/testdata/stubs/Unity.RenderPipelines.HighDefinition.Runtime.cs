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
        protected virtual bool executeInSceneView { get { return true; } }
        protected virtual void Setup(ScriptableRenderContext renderContext, CommandBuffer cmd) { }
        protected virtual void Execute(CustomPassContext ctx) { }
        protected virtual void Cleanup() { }
    }
}
