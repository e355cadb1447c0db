// Package temporal's layer, in shaders:
//
//	ADD    next = the new picture, mixed with what was carried over
//	SHOW   color = next; each pixel shows itself from now on
//	MOVE   color = what is carried over
//	MARK   each pixel leads to itself from now on, and marked to what it shows
//	MIX    next = the new picture, mixed with what the marked frame showed
//	CARRY  color = what is carried over already
layout(local_size_x = 16, local_size_y = 16) in;

layout(location = 0) uniform ivec2 size;
layout(location = 1) uniform vec2 scale;      // of motion vectors; 0 without
layout(location = 2) uniform float keep;      // 0 with no last picture
layout(location = 3) uniform float tolerance; // of depth; negative without depth
layout(location = 4) uniform bool deep;       // the last frame's depth is known
layout(location = 5) uniform bool waiting;    // a frame is marked

layout(rgba8, binding = 0) uniform image2D color;
layout(MOTION_FORMAT, binding = 1) uniform readonly image2D motion;
layout(DEPTH_FORMAT, binding = 2) uniform readonly image2D depth;

// Last and Now hold depth, and whether what at and late lead to could be seen all the
// way: 1 and 2, or both.
layout(std430, binding = 0) buffer Base { vec4 base[]; }; // colors 0 to 255
layout(std430, binding = 1) buffer Next { vec4 next[]; };
layout(std430, binding = 2) buffer At { vec2 at[]; };     // column and row of base that pixels show
layout(std430, binding = 3) buffer AtNext { vec2 atNext[]; };
layout(std430, binding = 4) buffer Last { vec2 last[]; };
layout(std430, binding = 5) buffer Now { vec2 now[]; };
layout(std430, binding = 6) buffer Late { vec2 late[]; }; // column and row of the marked frame
#if defined(MOVE)
layout(std430, binding = 7) buffer LateNext { vec2 lateNext[]; };
#else
layout(std430, binding = 7) buffer Marked { vec4 marked[]; }; // of base, and whether it could be seen
#endif

// bounded tells whether u is in a pixel, the last of which is at most, and if not returns
// the nearest.
float bounded(float u, float most, out bool is) {
	is = u >= -0.5 && u < most + 0.5; // not if it is not a number
	return is ? u : u > 0.0 ? min(u, most) : 0.0;
}

// trace finds where a pixel was in the last frame: the nearest pixel there, how far
// from it, and whether it is what can be seen now.
int trace(ivec2 p, out vec2 off, out bool seen) {
	vec2 u = vec2(p);
	bool inX, inY;
	if (scale != vec2(0))
		u -= scale * imageLoad(motion, p).xy;
	u = vec2(bounded(u.x, float(size.x - 1), inX), bounded(u.y, float(size.y - 1), inY));
	seen = inX && inY;
	ivec2 nearest = clamp(ivec2(u + 0.5), ivec2(0), size - 1);
	int j = nearest.y * size.x + nearest.x;
	off = u - vec2(nearest);
	float d = 0.0;
	if (tolerance >= 0.0) {
		d = imageLoad(depth, p).x;
		if (seen && deep)
			seen = abs(last[j].x - d) <= tolerance * abs(d);
	}
	now[p.y * size.x + p.x].x = d;
	return j;
}

vec2 inside(vec2 u) { return clamp(u, vec2(0), vec2(size - 1)); }

vec3 carried(vec2 u) {
	ivec2 p = ivec2(u), q = min(p + 1, size - 1);
	vec2 f = u - vec2(p);
	vec3 a = base[p.y * size.x + p.x].rgb, b = base[p.y * size.x + q.x].rgb;
	vec3 c = base[q.y * size.x + p.x].rgb, d = base[q.y * size.x + q.x].rgb;
	return (1.0 - f.x) * (1.0 - f.y) * a + f.x * (1.0 - f.y) * b + (1.0 - f.x) * f.y * c + f.x * f.y * d;
}

vec3 fresh(ivec2 p) {
	return round(255.0 * imageLoad(color, clamp(p, ivec2(0), size - 1)).rgb);
}

// mixed is the new picture with what u leads to, if that is known.
vec4 mixed(ivec2 p, vec2 u, bool known) {
	vec3 c = fresh(p);
	if (known && keep > 0.0) {
		vec3 low = c, high = c;
		for (int k = 0; k < 9; k++) {
			vec3 v = fresh(p + ivec2(k % 3 - 1, k / 3 - 1));
			low = min(low, v);
			high = max(high, v);
		}
		c += keep * (clamp(carried(u), low, high) - c);
	}
	return vec4(c, 0.0);
}

void show(ivec2 p, vec3 c) {
	imageStore(color, p, vec4(floor(c + 0.5) / 255.0, imageLoad(color, p).a));
}

void main() {
	ivec2 p = ivec2(gl_GlobalInvocationID.xy);
	if (p.x >= size.x || p.y >= size.y)
		return;
	int i = p.y * size.x + p.x;
#if defined(ADD)
	vec2 off;
	bool seen;
	int j = trace(p, off, seen);
	next[i] = mixed(p, inside(at[j] + off), seen && (int(last[j].y) & 1) != 0);
	now[i].y = 1.0;
#elif defined(SHOW)
	at[i] = vec2(p);
	show(p, next[i].rgb);
#elif defined(MOVE)
	vec2 off;
	bool seen;
	int j = trace(p, off, seen);
	atNext[i] = inside(at[j] + off);
	if (waiting)
		lateNext[i] = inside(late[j] + off);
	now[i].y = seen ? last[j].y : 0.0;
	show(p, carried(atNext[i]));
#elif defined(MARK)
	bool known = (int(last[i].y) & 1) != 0;
	marked[i] = vec4(at[i], known ? 1.0 : 0.0, 0.0);
	late[i] = vec2(p);
	last[i].y = known ? 3.0 : 2.0;
#elif defined(MIX)
	next[i] = mixed(p, marked[i].xy, marked[i].z != 0.0);
#elif defined(CARRY)
	last[i].y = (int(last[i].y) & 2) != 0 ? 1.0 : 0.0;
	show(p, carried(at[i]));
#endif
}
