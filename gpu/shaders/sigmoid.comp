// dst = 1/(1+exp(-x)), or with GRAD dst (+)= x*y*(1-y) from the output y.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count);
#ifdef GRAD
SOURCE(2, y);
UNIFORM(9, bool, accumulate);
#endif

void main() {
	EACH(i, count) {
#ifdef GRAD
		float result = y[y_at + i];
		float v = x[x_at + i] * result * (1.0 - result);
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#else
		dst[dst_at + i] = 1.0 / (1.0 + exp(-x[x_at + i]));
#endif
	}
}
