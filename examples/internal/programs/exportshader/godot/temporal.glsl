// Keeps the style still, as package nn/temporal does. The picture holds what the
// network has made of this frame, if it ran.
//
//	MIX   where pixels were, and the new picture mixed with what was carried over
//	SHOW  that, or what is carried over, to the picture
layout(local_size_x = 8, local_size_y = 8) in;

UNIFORM {
	ivec4 size;   // width, height; whether the network ran, and whether there is a past
	vec4 keeping; // how much of the past stays, and the tolerance of depth
	vec4 lens;    // distances of near and far plane, and whether rays are parallel
};
layout(BINDING(0) FORMAT) uniform image2D picture;
layout(BINDING(1)) uniform sampler2D velocity; // where a point was minus where it is, in parts of the screen
layout(BINDING(2)) uniform sampler2D planes;   // depth: 1 at the near plane, 0 at the far one
layout(BINDING(3), std430) buffer Base { vec4 base[]; };
layout(BINDING(4), std430) buffer Next { vec4 next[]; };
// Column and row of base that a pixel shows, its distance, and whether it could be seen.
layout(BINDING(5), std430) buffer At { vec4 at[]; };
layout(BINDING(6), std430) buffer AtNext { vec4 atNext[]; };

float distanceOf(ivec2 p) {
	float d = texelFetch(planes, p, 0).x, near = lens.x, far = lens.y;
	return lens.z > 0.0 ? far + d * (near - far) : near * far / (near + d * (far - near));
}

// bounded tells whether u is in a pixel, the last of which is at most, and if not returns
// the nearest.
float bounded(float u, float most, out bool is) {
	is = u >= -0.5 && u < most + 0.5; // not if it is not a number
	return is ? u : u > 0.0 ? min(u, most) : 0.0;
}

vec4 trace(ivec2 p) {
	vec2 u = vec2(p) + vec2(size.xy) * texelFetch(velocity, p, 0).xy;
	bool inX, inY;
	u = vec2(bounded(u.x, float(size.x - 1), inX), bounded(u.y, float(size.y - 1), inY));
	ivec2 nearest = clamp(ivec2(u + 0.5), ivec2(0), size.xy - 1);
	vec4 before = at[nearest.y * size.x + nearest.x];
	float d = distanceOf(p);
	bool seen = inX && inY && before.w > 0.0 && abs(before.z - d) <= keeping.y * d;
	return vec4(clamp(before.xy + u - vec2(nearest), vec2(0), vec2(size.xy - 1)), d, seen ? 1.0 : 0.0);
}

vec3 carried(vec2 u) {
	ivec2 p = ivec2(u), q = min(p + 1, size.xy - 1);
	vec2 f = u - vec2(p);
	return mix(mix(base[p.y * size.x + p.x].rgb, base[p.y * size.x + q.x].rgb, f.x),
		mix(base[q.y * size.x + p.x].rgb, base[q.y * size.x + q.x].rgb, f.x), f.y);
}

vec3 fresh(ivec2 p) {
	return imageLoad(picture, clamp(p, ivec2(0), size.xy - 1)).rgb;
}

void main() {
	ivec2 p = ivec2(gl_GlobalInvocationID.xy);
	if (p.x >= size.x || p.y >= size.y)
		return;
	int i = p.y * size.x + p.x;
#ifdef MIX
	vec4 from = vec4(p, distanceOf(p), 0.0);
	if (size.w != 0)
		from = trace(p);
	atNext[i] = from;
	if (size.z == 0)
		return;
	vec3 c = fresh(p);
	if (from.w > 0.0) {
		vec3 low = c, high = c;
		for (int k = 0; k < 9; k++) {
			vec3 v = fresh(p + ivec2(k % 3 - 1, k / 3 - 1));
			low = min(low, v);
			high = max(high, v);
		}
		c = mix(c, clamp(carried(from.xy), low, high), keeping.x);
	}
	next[i] = vec4(c, 0.0);
	atNext[i] = vec4(p, from.z, 1.0);
#else
	vec3 c = size.z != 0 ? next[i].rgb : carried(atNext[i].xy);
	imageStore(picture, p, vec4(c, imageLoad(picture, p).a));
#endif
}
