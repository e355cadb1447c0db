// What is left to do of a normalization whose statistics are known: norm is mean, factor,
// summand and least value of a plane. NaN stays.
float normalized(float v, vec4 norm) {
	v = (v - norm.x) * norm.y + norm.z;
	return v < norm.w ? norm.w : v;
}
