// Moments are the mean of some values, their sum of squared deviations from it, and
// their number.

// combine returns the moments of the values of a and b together (Chan et al., Algorithms
// for computing the sample variance, 1983).
vec3 combine(vec3 a, vec3 b) {
	float n = a.z + b.z;
	if (n == 0.0) return a;
	float delta = b.x - a.x;
	return vec3(a.x + delta * b.z / n, a.y + b.y + delta * delta * (a.z * b.z / n), n);
}

// momentsOf returns those of the first n of the four values of v.
vec3 momentsOf(vec4 v, int n) {
	if (n == 0) return vec3(0.0);
	bvec4 among = lessThan(ivec4(0, 1, 2, 3), ivec4(n));
	vec4 values = mix(vec4(0.0), v, among); // the others may be no numbers
	float mean = dot(values, vec4(1.0)) / float(n);
	vec4 off = mix(vec4(0.0), v - mean, among);
	return vec3(mean, dot(off, off), float(n));
}

#ifdef SHARED
shared vec3 room[64];

// combineGroup combines the moments of a group's threads pair by pair. Every thread
// must come by.
vec3 combineGroup(vec3 m) {
	room[lane()] = m;
	for (int half_ = 32; half_ > 0; half_ /= 2) {
		barrier();
		if (lane() < half_) room[lane()] = combine(room[lane()], room[lane() + half_]);
	}
	barrier();
	return room[0];
}
#endif
