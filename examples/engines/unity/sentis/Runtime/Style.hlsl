// What both render pipelines share. The including shader defines, before it
// includes this file:
//
//   float3 ImpastoSource(float2 uv)     the camera's color
//   float2 ImpastoMotion(float2 uv)     since the last frame, in parts of the screen:
//                                       what is at uv was at uv - motion
//   float  ImpastoDepth(float2 uv)      distance from the camera in meters
#ifndef IMPASTO_STYLE
#define IMPASTO_STYLE

TEXTURE2D(_ImpastoStyled);
TEXTURE2D(_ImpastoHistory);
TEXTURE2D(_ImpastoResult);
TEXTURE2D(_ImpastoMask);
SAMPLER(sampler_linear_clamp);
float4 _ImpastoStyled_TexelSize;
float4 _ImpastoSettings; // network's scale, strength, whether the project's color space is linear
float4 _ImpastoTemporal; // how much of the history stays, whether the network ran, whether there is depth

// sRGB's curves (IEC 61966-2-1).
float3 ImpastoToSRGB(float3 c)
{
    return c <= 0.0031308 ? 12.92 * c : 1.055 * pow(max(c, 0.0031308), 1.0 / 2.4) - 0.055;
}

float3 ImpastoToLinear(float3 c)
{
    return c <= 0.04045 ? c / 12.92 : pow(max((c + 0.055) / 1.055, 0.0), 2.4);
}

// The network's input: sRGB on its scale.
float4 ImpastoEncode(float2 uv)
{
    float3 c = saturate(ImpastoSource(uv));
    if (_ImpastoSettings.z > 0)
        c = ImpastoToSRGB(c);
    return float4(c * _ImpastoSettings.x, 1);
}

float3 ImpastoStyled(float2 uv)
{
    return saturate(SAMPLE_TEXTURE2D_LOD(_ImpastoStyled, sampler_linear_clamp, uv, 0).rgb / _ImpastoSettings.x);
}

// The styled picture of this frame: the network's, mixed with the last one carried
// along the motion. What was hidden or outside, or was at another depth, is not
// taken over; what is taken over is clamped to the new picture's neighborhood.
float4 ImpastoAccumulate(float2 uv)
{
    if (_ImpastoTemporal.z <= 0)
        return float4(ImpastoStyled(uv), 0);
    float keep = _ImpastoTemporal.x, depth = ImpastoDepth(uv);
    if (keep <= 0)
        return float4(ImpastoStyled(uv), depth);
    float2 before = uv - ImpastoMotion(uv);
    float4 old = SAMPLE_TEXTURE2D_LOD(_ImpastoHistory, sampler_linear_clamp, before, 0);
    if (_ImpastoTemporal.y <= 0)
        return float4(old.rgb, depth); // the network did not run: there is no other picture
    bool inside = all(before == saturate(before));
    bool same = abs(old.a - depth) < 0.1 * depth;
    float3 fresh = ImpastoStyled(uv);
    float3 low = fresh, high = fresh;
    for (int y = -1; y <= 1; y++)
    {
        for (int x = -1; x <= 1; x++)
        {
            float3 c = ImpastoStyled(uv + float2(x, y) * _ImpastoStyled_TexelSize.xy);
            low = min(low, c);
            high = max(high, c);
        }
    }
    return float4(lerp(fresh, clamp(old.rgb, low, high), inside && same ? keep : 0), depth);
}

// What is blended into the camera's color.
float4 ImpastoCompose(float2 uv)
{
    float3 c = SAMPLE_TEXTURE2D_LOD(_ImpastoResult, sampler_linear_clamp, uv, 0).rgb;
    if (_ImpastoSettings.z > 0)
        c = ImpastoToLinear(c);
    float mask = SAMPLE_TEXTURE2D_LOD(_ImpastoMask, sampler_linear_clamp, uv, 0).r;
    return float4(c, _ImpastoSettings.y * mask);
}

#endif
