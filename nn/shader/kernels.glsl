{{define "glsl head"}}UNIFORM {
	ivec4 size; // width, height; both as the network takes them
	vec4 mixing; // strength, whether the image holds linear light
};
{{end}}

{{define "glsl color"}}
// sRGB's curves (IEC 61966-2-1).
vec3 encode(vec3 c) {
	return mix(1.055 * pow(max(c, vec3(0.0031308)), vec3(1.0 / 2.4)) - 0.055, 12.92 * c, lessThanEqual(c, vec3(0.0031308)));
}

vec3 decode(vec3 c) {
	return mix(pow((c + 0.055) / 1.055, vec3(2.4)), c / 12.92, lessThanEqual(c, vec3(0.04045)));
}
{{end}}

{{define "glsl read"}}layout(local_size_x = 8, local_size_y = 8) in;
{{template "glsl head"}}
layout(BINDING(0) FORMAT) uniform readonly image2D picture;
layout(BINDING(1), std430) writeonly buffer Y { float y[]; };
{{template "glsl color"}}
// The pixel that stands at u >= 0 on an axis continued by reflection.
int mirror(int u, int size) {
	int period = max(2 * (size - 1), 1);
	u %= period;
	return u < size ? u : period - u;
}

void main() {
	ivec2 p = ivec2(gl_GlobalInvocationID.xy);
	int w = size.z, area = size.z * size.w;
	if (p.x >= w || p.y >= size.w)
		return;
	vec3 c = clamp(imageLoad(picture, ivec2(mirror(p.x, size.x), mirror(p.y, size.y))).rgb, 0.0, 1.0);
	if (mixing.y > 0.0)
		c = encode(c);
	c = 255.0 * float({{.Span}}) * c + float({{.Low}});
	int i = p.y * w + p.x;
	y[i] = c.r;
	y[i + area] = c.g;
	y[i + 2 * area] = c.b;
}
{{end}}

{{define "glsl write"}}layout(local_size_x = 8, local_size_y = 8) in;
{{template "glsl head"}}
layout(BINDING(0) FORMAT) uniform image2D picture;
layout(BINDING(1), std430) readonly buffer X { float x[]; };
{{template "glsl color"}}
void main() {
	ivec2 p = ivec2(gl_GlobalInvocationID.xy);
	if (p.x >= size.x || p.y >= size.y)
		return;
	int i = p.y * size.z + p.x, area = size.z * size.w;
	vec4 source = imageLoad(picture, p);
	vec3 styled = clamp((vec3(x[i], x[i + area], x[i + 2 * area]) - float({{.Low}})) / (255.0 * float({{.Span}})), 0.0, 1.0);
	vec3 c;
	if (mixing.y > 0.0)
		c = decode(mix(encode(clamp(source.rgb, 0.0, 1.0)), styled, mixing.x));
	else
		c = mix(source.rgb, styled, mixing.x);
	imageStore(picture, p, vec4(c, source.a));
}
{{end}}

{{define "glsl conv"}}layout(local_size_x = 8, local_size_y = 8) in;
{{template "glsl head"}}
layout(BINDING(0), std430) readonly buffer W { vec4 weights[]; };
layout(BINDING(1), std430) readonly buffer X { float x[]; };
layout(BINDING(2), std430) writeonly buffer Y { float y[]; };

// The pixel that stands at u on an axis with mirrored edges{{if gt .Upsample 1}}, before upsampling{{end}}.
int mirror(int u, int size) {
	u = abs(u);
	return min(u, 2 * size - 2 - u){{if gt .Upsample 1}} / {{.Upsample}}{{end}};
}

void store(int c, int area, int i, vec4 v) {
	{{- range upto 4}}
	if (c + {{.}} < {{$.Out}})
		y[(c + {{.}}) * area + i] = v[{{.}}];
	{{- end}}
}

void main() {
	ivec2 p = ivec2(gl_GlobalInvocationID.xy);
	ivec2 to = size.zw / {{.Scale}}, from = size.zw / {{.InScale}};
	if (p.x >= to.x || p.y >= to.y)
		return;
	int block = int(gl_GlobalInvocationID.z);
	int at = {{div .At 4}} + block * {{mul .Lanes (add 1 (mul .In (mul .Side .Side)))}};
	{{- range upto .Lanes}}
	vec4 s{{.}} = weights[at + {{.}}];
	{{- end}}
	at += {{.Lanes}};
	for (int c = 0; c < {{.In}}; c++) {
		int plane = c * from.x * from.y;
		for (int ky = 0; ky < {{.Side}}; ky++) {
			int row = plane + mirror(p.y * {{.Stride}} + ky - {{div .Side 2}}, from.y * {{.Upsample}}) * from.x;
			for (int kx = 0; kx < {{.Side}}; kx++) {
				float v = x[row + mirror(p.x * {{.Stride}} + kx - {{div .Side 2}}, from.x * {{.Upsample}})];
				{{- range upto .Lanes}}
				s{{.}} += v * weights[at + {{.}}];
				{{- end}}
				at += {{.Lanes}};
			}
		}
	}
	int i = p.y * to.x + p.x;
	{{- range upto .Lanes}}
	store({{mul 4 $.Lanes}} * block + {{mul 4 .}}, to.x * to.y, i, s{{.}});
	{{- end}}
}
{{end}}

{{define "glsl moments"}}layout(local_size_x = 64) in;
{{template "glsl head"}}
layout(BINDING(0), std430) readonly buffer X { float x[]; };
layout(BINDING(1), std430) writeonly buffer Y { vec2 moments[]; };

shared float part[64];

float total(uint lane, float sum) {
	part[lane] = sum;
	memoryBarrierShared();
	barrier();
	for (uint n = 32u; n > 0u; n /= 2u) {
		if (lane < n)
			part[lane] += part[lane + n];
		memoryBarrierShared();
		barrier();
	}
	sum = part[0];
	barrier();
	return sum;
}

// Mean and squared deviations of {{chunk}} pixels of a plane.
void main() {
	uint lane = gl_LocalInvocationIndex;
	int area = (size.z / {{.Scale}}) * (size.w / {{.Scale}});
	int first = int(gl_WorkGroupID.x) * {{chunk}};
	int count = min({{chunk}}, area - first);
	int plane = int(gl_WorkGroupID.y) * area + first;
	float sum = 0.0;
	for (int i = int(lane); i < count; i += 64)
		sum += x[plane + i];
	float mean = total(lane, sum) / float(count);
	sum = 0.0;
	for (int i = int(lane); i < count; i += 64) {
		float d = x[plane + i] - mean;
		sum += d * d;
	}
	float deviation = total(lane, sum);
	if (lane == 0u)
		moments[int(gl_WorkGroupID.y) * ((area + {{chunk}} - 1) / {{chunk}}) + int(gl_WorkGroupID.x)] = vec2(mean, deviation);
}
{{end}}

{{define "glsl affine"}}layout(local_size_x = 1) in;
{{template "glsl head"}}
layout(BINDING(0), std430) readonly buffer W { float weights[]; };
layout(BINDING(1), std430) readonly buffer X { vec2 moments[]; };
layout(BINDING(2), std430) writeonly buffer Y { vec4 affine[]; };

// Merges a channel's parts (Chan et al. 1983).
void main() {
	int c = int(gl_WorkGroupID.y);
	int area = (size.z / {{.Scale}}) * (size.w / {{.Scale}});
	int chunks = (area + {{chunk}} - 1) / {{chunk}};
	float mean = 0.0, deviation = 0.0, count = 0.0;
	for (int i = 0; i < chunks; i++) {
		vec2 m = moments[c * chunks + i];
		float n = float(min({{chunk}}, area - i * {{chunk}}));
		float delta = m.x - mean;
		mean += delta * n / (count + n);
		deviation += m.y + delta * delta * count * n / (count + n);
		count += n;
	}
	affine[c] = vec4(mean, weights[{{.At}} + c] / sqrt(deviation / count + 1e-5), weights[{{add .At .Out}} + c], 0.0);
}
{{end}}

{{define "glsl apply"}}layout(local_size_x = 256) in;
{{template "glsl head"}}
layout(BINDING(0), std430) buffer Y { float y[]; };
{{- if .Norm}}
layout(BINDING(1), std430) readonly buffer A { vec4 affine[]; };
{{- end}}
{{- range $i, $f := .Factors}}
layout(BINDING({{add $i (or (and $.Norm 2) 1)}}), std430) readonly buffer P{{$i}} { float plus{{$i}}[]; };
{{- end}}

void main() {
	int area = (size.z / {{.Scale}}) * (size.w / {{.Scale}});
	int p = int(gl_GlobalInvocationID.x);
	if (p >= area)
		return;
	int i = int(gl_GlobalInvocationID.y) * area + p;
	float v = y[i];
	{{- if .Norm}}
	vec4 a = affine[gl_GlobalInvocationID.y];
	v = (v - a.x) * a.y + a.z;
	{{- end}}
	{{- if .ReLU}}
	v = max(v, 0.0);
	{{- end}}
	{{- range $i, $f := .Factors}}
	v += float({{$f}}) * plus{{$i}}[i];
	{{- end}}
	y[i] = v;
}
{{end}}
