// Operations on corresponding elements.
//
//	FILL  dst = alpha
//	ADD   dst = x + y
//	AXPY  dst = alpha*x, or dst += alpha*x with accumulate
//	MUL   dst = x*y, or dst += x*y with accumulate
//	WIDEN dst = x, which is in 16 bits
TARGET(0, dst);
UNIFORM(8, int, count);
#if defined(FILL)
UNIFORM(9, float, alpha);
#elif defined(ADD)
ALIASED(1, x);
ALIASED(2, y);
#elif defined(MUL)
SOURCE(1, x);
SOURCE(2, y);
UNIFORM(9, bool, accumulate);
#elif defined(WIDEN)
HALVES(1, x);
#elif defined(AXPY)
ALIASED(1, x);
UNIFORM(9, float, alpha);
UNIFORM(10, bool, accumulate);
#endif

void main() {
	EACH(i, count) {
#if defined(FILL)
		dst[dst_at + i] = alpha;
#elif defined(ADD)
		dst[dst_at + i] = x[x_at + i] + y[y_at + i];
#elif defined(MUL)
		float v = x[x_at + i] * y[y_at + i];
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#elif defined(WIDEN)
		dst[dst_at + i] = HALF(x, x_at + i);
#elif defined(AXPY)
		float v = alpha * x[x_at + i];
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#endif
	}
}
