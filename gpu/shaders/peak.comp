// Multiply-adds from registers alone: 8 chains of scalars, rounds times 64 of each. So few
// chains stay in registers whatever a compiler does with vectors, and fill a card because
// it runs several groups at once.
TARGET(0, dst);
UNIFORM(8, int, rounds);

void main() {
	float a = float(lane()) * 0.001, b = a + 0.01, c = a + 0.02, d = a + 0.03;
	float e = a + 0.04, f = a + 0.05, g = a + 0.06, h = a + 0.07;
	float factor = 0.999 + float(rounds) * 1e-9, term = 0.001 + float(rounds) * 1e-9;
	for (int r = 0; r < 8 * rounds; r++)
		for (int i = 0; i < 8; i++) {
			a = fma(a, factor, term);
			b = fma(b, factor, term);
			c = fma(c, factor, term);
			d = fma(d, factor, term);
			e = fma(e, factor, term);
			f = fma(f, factor, term);
			g = fma(g, factor, term);
			h = fma(h, factor, term);
		}
	dst[dst_at + lane()] = a + b + (c + d) + (e + f + (g + h)); // so that nothing is dropped
}
