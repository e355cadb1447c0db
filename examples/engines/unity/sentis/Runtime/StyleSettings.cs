using System;
using Unity.InferenceEngine;
using UnityEngine;

namespace Impasto
{
    /// <summary>The values that a network takes and returns.</summary>
    public enum ValueRange
    {
        /// <summary>Found out when the model is loaded, by running it once.</summary>
        Auto,
        /// <summary>0 to 1.</summary>
        Unit,
        /// <summary>0 to 255.</summary>
        Byte,
    }

    /// <summary>What the inspector shows, the same for both render pipelines.</summary>
    [Serializable]
    public sealed class StyleSettings
    {
        [Tooltip("The trained style, an ONNX file")]
        public ModelAsset model;

        [Tooltip("Values that the model takes and returns; Auto finds out")]
        public ValueRange range = ValueRange.Auto;

        [Tooltip("Rows of the frame that the network gets; the columns follow the camera's aspect. A model of a fixed size keeps its own")]
        [Min(8)] public int targetHeight = 540;

        [Tooltip("How much of the style shows")]
        [Range(0, 1)] public float strength = 1;

        [Tooltip("Where the style shows: white is style, black is the frame as it was. None means everywhere")]
        public Texture mask;

        [Tooltip("Run the network every n-th frame; in between its picture moves along the motion vectors")]
        [Min(1)] public int every = 1;

        [Tooltip("How much of the last styled frame stays, moved along the motion vectors. It takes the flicker away; 0 turns it off")]
        [Range(0, 0.95f)] public float keep = 0.8f;

        [Tooltip("Style the scene view as well")]
        public bool sceneView;

        /// <summary>Whether motion vectors and depth are read.</summary>
        public bool Temporal
        {
            get { return keep > 0 || every > 1; }
        }
    }
}
