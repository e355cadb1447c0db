Shader "Hidden/Impasto/StyleURP"
{
    HLSLINCLUDE
    #pragma target 3.5
    #include "Packages/com.unity.render-pipelines.universal/ShaderLibrary/Core.hlsl"
    #include "Packages/com.unity.render-pipelines.universal/ShaderLibrary/DeclareDepthTexture.hlsl"

    TEXTURE2D_X(_ImpastoSource);
    TEXTURE2D_X(_MotionVectorTexture);
    SAMPLER(sampler_point_clamp);
    float4 _ImpastoSourceScale;

    struct Attributes
    {
        uint vertexID : SV_VertexID;
    };

    struct Varyings
    {
        float4 positionCS : SV_POSITION;
        float2 uv : TEXCOORD0;
    };

    Varyings Vert(Attributes input)
    {
        Varyings output;
        output.positionCS = GetFullScreenTriangleVertexPosition(input.vertexID);
        output.uv = GetFullScreenTriangleTexCoord(input.vertexID);
        return output;
    }

    float3 ImpastoSource(float2 uv)
    {
        return SAMPLE_TEXTURE2D_X_LOD(_ImpastoSource, sampler_LinearClamp, uv * _ImpastoSourceScale.xy, 0).rgb;
    }

    float2 ImpastoMotion(float2 uv)
    {
        return SAMPLE_TEXTURE2D_X_LOD(_MotionVectorTexture, sampler_point_clamp, uv, 0).xy;
    }

    float ImpastoDepth(float2 uv)
    {
        return LinearEyeDepth(SampleSceneDepth(uv), _ZBufferParams);
    }

    #include "../Style.hlsl"

    float4 Encode(Varyings input) : SV_Target { return ImpastoEncode(input.uv); }
    float4 Accumulate(Varyings input) : SV_Target { return ImpastoAccumulate(input.uv); }
    float4 Compose(Varyings input) : SV_Target { return ImpastoCompose(input.uv); }
    ENDHLSL

    SubShader
    {
        PackageRequirements { "com.unity.render-pipelines.universal": "17.0" }
        Tags { "RenderPipeline" = "UniversalPipeline" }
        Cull Off ZWrite Off ZTest Always

        Pass
        {
            Name "Encode"
            HLSLPROGRAM
            #pragma vertex Vert
            #pragma fragment Encode
            ENDHLSL
        }

        Pass
        {
            Name "Accumulate"
            HLSLPROGRAM
            #pragma vertex Vert
            #pragma fragment Accumulate
            ENDHLSL
        }

        Pass
        {
            Name "Compose"
            Blend SrcAlpha OneMinusSrcAlpha, Zero One
            HLSLPROGRAM
            #pragma vertex Vert
            #pragma fragment Compose
            ENDHLSL
        }
    }
}
