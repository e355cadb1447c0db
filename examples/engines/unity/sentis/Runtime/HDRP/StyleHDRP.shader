Shader "Hidden/Impasto/StyleHDRP"
{
    HLSLINCLUDE
    #pragma target 4.5
    #pragma only_renderers d3d11 playstation xboxone xboxseries vulkan metal switch
    #include "Packages/com.unity.render-pipelines.high-definition/Runtime/RenderPipeline/RenderPass/CustomPass/CustomPassCommon.hlsl"
    #include "Packages/com.unity.render-pipelines.high-definition/Runtime/Material/Builtin/BuiltinData.hlsl"

    TEXTURE2D_X(_ImpastoSource);
    float4 _ImpastoSourceScale;

    struct StyleVaryings
    {
        float4 positionCS : SV_POSITION;
        float2 uv : TEXCOORD0;
        UNITY_VERTEX_OUTPUT_STEREO
    };

    StyleVaryings StyleVert(Attributes input)
    {
        StyleVaryings output;
        UNITY_SETUP_INSTANCE_ID(input);
        UNITY_INITIALIZE_VERTEX_OUTPUT_STEREO(output);
        output.positionCS = GetFullScreenTriangleVertexPosition(input.vertexID);
        output.uv = GetFullScreenTriangleTexCoord(input.vertexID);
        return output;
    }

    float3 ImpastoSource(float2 uv)
    {
        return SAMPLE_TEXTURE2D_X_LOD(_ImpastoSource, s_linear_clamp_sampler, uv * _ImpastoSourceScale.xy, 0).rgb;
    }

    float2 ImpastoMotion(float2 uv)
    {
        float2 motion;
        DecodeMotionVector(LOAD_TEXTURE2D_X(_CameraMotionVectorsTexture, uv * _ScreenSize.xy), motion);
        return motion;
    }

    float ImpastoDepth(float2 uv)
    {
        return LinearEyeDepth(LoadCameraDepth(uv * _ScreenSize.xy), _ZBufferParams);
    }

    #include "../Style.hlsl"

    float4 Encode(StyleVaryings input) : SV_Target { return ImpastoEncode(input.uv); }
    float4 Accumulate(StyleVaryings input) : SV_Target { return ImpastoAccumulate(input.uv); }
    float4 Compose(StyleVaryings input) : SV_Target { return ImpastoCompose(input.uv); }
    ENDHLSL

    SubShader
    {
        PackageRequirements { "com.unity.render-pipelines.high-definition": "17.0" }
        Tags { "RenderPipeline" = "HDRenderPipeline" }
        Cull Off ZWrite Off ZTest Always

        Pass
        {
            Name "Encode"
            HLSLPROGRAM
            #pragma vertex StyleVert
            #pragma fragment Encode
            ENDHLSL
        }

        Pass
        {
            Name "Accumulate"
            HLSLPROGRAM
            #pragma vertex StyleVert
            #pragma fragment Accumulate
            ENDHLSL
        }

        Pass
        {
            Name "Compose"
            Blend SrcAlpha OneMinusSrcAlpha, Zero One
            HLSLPROGRAM
            #pragma vertex StyleVert
            #pragma fragment Compose
            ENDHLSL
        }
    }
}
