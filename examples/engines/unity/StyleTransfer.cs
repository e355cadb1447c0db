using Unity.Barracuda;
using UnityEngine;

/// <summary>
/// Shows what the camera sees in a trained style. The model is an ONNX file
/// exported with -unit-range: it takes and returns colours from 0 to 1.
/// </summary>
[RequireComponent(typeof(Camera))]
public class StyleTransfer : MonoBehaviour
{
    [Tooltip("Switches the style on and off")]
    public bool stylize = true;

    [Tooltip("Rows of the frame that the network gets; the columns follow the camera's aspect")]
    [Min(8)] public int targetHeight = 540;

    [Tooltip("Style every n-th frame and show it again in between")]
    [Min(1)] public int every = 1;

    public NNModel modelAsset;
    public WorkerFactory.Type workerType = WorkerFactory.Type.ComputePrecompiled;

    [Tooltip("StyleTransferColor.shader")]
    public Shader colorShader;

    const int Encode = 0, Decode = 1, Clamp = 2; // passes of the shader

    IWorker worker;
    Material color;
    RenderTexture styled; // the last styled frame, sRGB values

    void OnEnable()
    {
        worker = WorkerFactory.CreateWorker(workerType, ModelLoader.Load(modelAsset));
        color = new Material(colorShader);
    }

    void OnDisable()
    {
        worker.Dispose();
        Destroy(color);
        Release();
    }

    void Release()
    {
        if (styled != null)
        {
            styled.Release();
            Destroy(styled);
            styled = null;
        }
    }

    /// <summary>The network needs multiples of 4, at least 8.</summary>
    static int Fit(float size) => Mathf.Max(8, 4 * Mathf.RoundToInt(size / 4f));

    void OnRenderImage(RenderTexture source, RenderTexture destination)
    {
        if (!stylize)
        {
            Graphics.Blit(source, destination);
            return;
        }
        int height = Fit(Mathf.Min(targetHeight, source.height));
        int width = Fit(source.width * (height / (float)source.height));
        bool resized = styled == null || styled.width != width || styled.height != height;
        if (resized)
        {
            Release();
            // Linear means: values are stored and read as they are.
            styled = new RenderTexture(width, height, 0, RenderTextureFormat.ARGBHalf, RenderTextureReadWrite.Linear);
        }
        if (resized || Time.frameCount % every == 0)
        {
            Style(source, width, height);
        }
        bool linear = QualitySettings.activeColorSpace == ColorSpace.Linear;
        Graphics.Blit(styled, destination, color, linear ? Decode : Clamp);
    }

    void Style(RenderTexture source, int width, int height)
    {
        var frame = RenderTexture.GetTemporary(width, height, 0, RenderTextureFormat.ARGBHalf, RenderTextureReadWrite.Linear);
        bool linear = QualitySettings.activeColorSpace == ColorSpace.Linear;
        Graphics.Blit(source, frame, color, linear ? Encode : Clamp);
        using (var input = new Tensor(frame, 3))
        {
            worker.Execute(input);
            worker.PeekOutput().ToRenderTexture(styled); // the output is the worker's
        }
        RenderTexture.ReleaseTemporary(frame);
    }
}
