// The passes around the network: encode the frame, mix the result with the last one,
// put it on the frame.
Shader "Hidden/Impasto/StyleBuiltin"
{
    Properties { _MainTex ("Texture", 2D) = "white" {} }

    CGINCLUDE
    #include "UnityCG.cginc"
    sampler2D _MainTex; // the frame; the network's picture in Accumulate
    sampler2D _History, _Result, _Mask;
    sampler2D_half _CameraMotionVectorsTexture;
    sampler2D_float _CameraDepthTexture;
    float4 _MainTex_TexelSize;
    float4 _Settings; // network's scale, strength, whether the project's color space is linear
    float4 _Temporal; // how much of the history stays, whether the network ran, whether there is depth

    // sRGB's curves (IEC 61966-2-1).
    float3 toSRGB(float3 c)
    {
        return c <= 0.0031308 ? 12.92 * c : 1.055 * pow(max(c, 0.0031308), 1 / 2.4) - 0.055;
    }

    float3 toLinear(float3 c)
    {
        return c <= 0.04045 ? c / 12.92 : pow(max((c + 0.055) / 1.055, 0), 2.4);
    }

    float4 encode(v2f_img i) : SV_Target
    {
        float3 c = saturate(tex2D(_MainTex, i.uv).rgb);
        if (_Settings.z > 0)
            c = toSRGB(c);
        return float4(c * _Settings.x, 1);
    }

    float3 styled(float2 uv) { return saturate(tex2Dlod(_MainTex, float4(uv, 0, 0)).rgb / _Settings.x); }

    // The last picture is carried along the motion; what was hidden or outside, or was
    // at another depth, is not taken over, and what is, is clamped to the new picture's
    // neighborhood.
    float4 accumulate(v2f_img i) : SV_Target
    {
        if (_Temporal.z <= 0)
            return float4(styled(i.uv), 0);
        float depth = LinearEyeDepth(tex2Dlod(_CameraDepthTexture, float4(i.uv, 0, 0)).r);
        if (_Temporal.x <= 0)
            return float4(styled(i.uv), depth);
        float2 before = i.uv - tex2Dlod(_CameraMotionVectorsTexture, float4(i.uv, 0, 0)).rg;
        float4 old = tex2Dlod(_History, float4(before, 0, 0));
        if (_Temporal.y <= 0)
            return float4(old.rgb, depth);
        bool inside = all(before == saturate(before));
        bool same = abs(old.a - depth) < 0.1 * depth;
        float3 fresh = styled(i.uv), low = fresh, high = fresh;
        for (int y = -1; y <= 1; y++)
        {
            for (int x = -1; x <= 1; x++)
            {
                float3 c = styled(i.uv + float2(x, y) * _MainTex_TexelSize.xy);
                low = min(low, c);
                high = max(high, c);
            }
        }
        return float4(lerp(fresh, clamp(old.rgb, low, high), inside && same ? _Temporal.x : 0), depth);
    }

    float4 compose(v2f_img i) : SV_Target
    {
        float4 frame = tex2D(_MainTex, i.uv);
        float3 c = tex2D(_Result, i.uv).rgb;
        if (_Settings.z > 0)
            c = toLinear(c);
        return float4(lerp(frame.rgb, c, _Settings.y * tex2D(_Mask, i.uv).r), frame.a);
    }
    ENDCG

    SubShader
    {
        Cull Off ZWrite Off ZTest Always
        Pass { CGPROGRAM
            #pragma vertex vert_img
            #pragma fragment encode
            #pragma target 3.0
            ENDCG }
        Pass { CGPROGRAM
            #pragma vertex vert_img
            #pragma fragment accumulate
            #pragma target 3.0
            ENDCG }
        Pass { CGPROGRAM
            #pragma vertex vert_img
            #pragma fragment compose
            #pragma target 3.0
            ENDCG }
    }
}
