// Converts between linear light and sRGB (IEC 61966-2-1), clamped to 0..1.
Shader "Hidden/StyleTransferColor"
{
    Properties { _MainTex ("Texture", 2D) = "white" {} }

    CGINCLUDE
    #include "UnityCG.cginc"
    sampler2D _MainTex;

    float3 toSRGB(float3 c)
    {
        return c <= 0.0031308 ? 12.92 * c : 1.055 * pow(max(c, 0.0031308), 1 / 2.4) - 0.055;
    }

    float3 toLinear(float3 c)
    {
        return c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4);
    }

    float3 color(v2f_img i) { return saturate(tex2D(_MainTex, i.uv).rgb); }

    float4 encode(v2f_img i) : SV_Target { return float4(toSRGB(color(i)), 1); }
    float4 decode(v2f_img i) : SV_Target { return float4(toLinear(color(i)), 1); }
    float4 clamped(v2f_img i) : SV_Target { return float4(color(i), 1); }
    ENDCG

    SubShader
    {
        Cull Off ZWrite Off ZTest Always
        Pass { CGPROGRAM
            #pragma vertex vert_img
            #pragma fragment encode
            ENDCG }
        Pass { CGPROGRAM
            #pragma vertex vert_img
            #pragma fragment decode
            ENDCG }
        Pass { CGPROGRAM
            #pragma vertex vert_img
            #pragma fragment clamped
            ENDCG }
    }
}
