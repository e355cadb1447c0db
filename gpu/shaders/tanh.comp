// dst = tanh(x), or with GRAD dst (+)= x*(1-y²) from the output y.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count);
#ifdef GRAD
SOURCE(2, y);
UNIFORM(9, bool, accumulate);
#endif

// hyperbolic is tanh by its series near zero, where exponentials would cancel, and
// without overflow elsewhere.
float hyperbolic(float v) {
	float s = v * v;
	if (s < 0.0625) return v * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0 + s * (62.0 / 2835.0)))));
	float far = 1.0 - 2.0 / (exp(2.0 * abs(v)) + 1.0);
	return v < 0.0 ? -far : far;
}

void main() {
	EACH(i, count) {
#ifdef GRAD
		float result = y[y_at + i];
		float v = x[x_at + i] * (1.0 - result * result);
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#else
		dst[dst_at + i] = hyperbolic(x[x_at + i]);
#endif
	}
}
