// dst = max(x, 0), or with GRAD dst (+)= x where the output y is positive.
TARGET(0, dst);
ALIASED(1, x);
UNIFORM(8, int, count);
#ifdef GRAD
ALIASED(2, y);
UNIFORM(9, bool, accumulate);
#endif

void main() {
	EACH(i, count) {
#ifdef GRAD
		float v = y[y_at + i] > 0.0 ? x[x_at + i] : 0.0;
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#else
		dst[dst_at + i] = relu(x[x_at + i]);
#endif
	}
}
