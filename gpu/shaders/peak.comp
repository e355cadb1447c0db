// Multiply-adds from registers alone: 64 chains, rounds times 8 of each.
TARGET(0, dst);
UNIFORM(8, int, rounds);

void main() {
	mat4 a = mat4(float(lane()) * 0.001), b = a + 0.01, c = a + 0.02, d = a + 0.03;
	mat4 factor = a * 0.0 + (0.999 + float(rounds) * 1e-9);
	for (int r = 0; r < 8 * rounds; r++) {
		a = matrixCompMult(a, factor) + 0.001;
		b = matrixCompMult(b, factor) + 0.001;
		c = matrixCompMult(c, factor) + 0.001;
		d = matrixCompMult(d, factor) + 0.001;
	}
	mat4 sum = a + b + (c + d);
	vec4 total = sum[0] + sum[1] + (sum[2] + sum[3]);
	dst[dst_at + lane()] = total.x + total.y + (total.z + total.w); // so that nothing is dropped
}
