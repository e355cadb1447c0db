// Package temporal's layer, in shaders:
//
//	ADD    next = the new picture, mixed with what was carried over
//	SHOW   color = next; each pixel shows itself from now on
//	MOVE   color = what is carried over
layout(local_size_x = 16, local_size_y = 16) in;

layout(location = 0) uniform ivec2 size;
layout(location = 1) uniform vec2 scale;      // of motion vectors; 0 without
layout(location = 2) uniform float keep;      // 0 with no last picture
layout(location = 3) uniform float tolerance; // of depth; negative without depth
layout(location = 4) uniform bool deep;       // the last frame's depth is known

layout(rgba8, binding = 0) uniform image2D color;
layout(MOTION_FORMAT, binding = 1) uniform readonly image2D motion;
layout(DEPTH_FORMAT, binding = 2) uniform readonly image2D depth;

layout(std430, binding = 0) buffer Base { vec4 base[]; };     // colors 0 to 255
layout(std430, binding = 1) buffer Next { vec4 next[]; };
layout(std430, binding = 2) buffer At { vec2 at[]; };         // column and row of base that pixels show
layout(std430, binding = 3) buffer AtNext { vec2 atNext[]; };
layout(std430, binding = 4) buffer Last { float last[]; };    // depth
layout(std430, binding = 5) buffer Now { float now[]; };

// trace finds what a pixel shows of base, and whether that is what it shows now.
vec2 trace(ivec2 p, out bool seen) {
	vec2 u = vec2(p);
	if (scale != vec2(0))
		u -= scale * imageLoad(motion, p).xy;
	vec2 most = vec2(size - 1);
	seen = all(greaterThanEqual(u, vec2(-0.5))) && all(lessThanEqual(u, most + 0.5)); // false for NaN, too
	if (!seen)
		u = vec2(u.x > 0.0 ? min(u.x, most.x) : 0.0, u.y > 0.0 ? min(u.y, most.y) : 0.0);
	ivec2 nearest = clamp(ivec2(u + 0.5), ivec2(0), size - 1);
	int j = nearest.y * size.x + nearest.x;
	if (tolerance >= 0.0) {
		float d = imageLoad(depth, p).x;
		now[p.y * size.x + p.x] = d;
		if (seen && deep)
			seen = abs(last[j] - d) <= tolerance * abs(d);
	}
	return at[j] + u - vec2(nearest);
}

vec3 carried(vec2 u) {
	u = clamp(u, vec2(0), vec2(size - 1));
	ivec2 p = ivec2(u), q = min(p + 1, size - 1);
	vec2 f = u - vec2(p);
	vec3 a = base[p.y * size.x + p.x].rgb, b = base[p.y * size.x + q.x].rgb;
	vec3 c = base[q.y * size.x + p.x].rgb, d = base[q.y * size.x + q.x].rgb;
	return (1.0 - f.x) * (1.0 - f.y) * a + f.x * (1.0 - f.y) * b + (1.0 - f.x) * f.y * c + f.x * f.y * d;
}

vec3 fresh(ivec2 p) {
	return round(255.0 * imageLoad(color, clamp(p, ivec2(0), size - 1)).rgb);
}

void main() {
	ivec2 p = ivec2(gl_GlobalInvocationID.xy);
	if (p.x >= size.x || p.y >= size.y)
		return;
	int i = p.y * size.x + p.x;
#if defined(ADD)
	bool seen;
	vec2 u = trace(p, seen);
	vec3 c = fresh(p);
	if (seen && keep > 0.0) {
		vec3 low = c, high = c;
		for (int k = 0; k < 9; k++) {
			vec3 v = fresh(p + ivec2(k % 3 - 1, k / 3 - 1));
			low = min(low, v);
			high = max(high, v);
		}
		c += keep * (clamp(carried(u), low, high) - c);
	}
	next[i] = vec4(c, 0.0);
#elif defined(SHOW)
	at[i] = vec2(p);
	imageStore(color, p, vec4(floor(next[i].rgb + 0.5) / 255.0, imageLoad(color, p).a));
#else
	bool seen;
	atNext[i] = trace(p, seen);
	imageStore(color, p, vec4(floor(carried(atNext[i]) + 0.5) / 255.0, imageLoad(color, p).a));
#endif
}
