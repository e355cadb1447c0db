// Operations on corresponding elements.
//
//	FILL  dst = alpha
//	ADD   dst = x + y
//	AXPY  dst = alpha*x, or dst += alpha*x with accumulate
//	MUL   dst = x*y, or dst += x*y with accumulate
//	WIDEN dst = x, which is in 16 bits
//
// With QUADS, where lengths are multiples of 4, elements are vec4s, and so is the count.
#ifdef QUADS
#define RESULT VECTOR_TARGET
#define NUMBER vec4
#define AT(name, i) name[name##_at / 4 + i]
#else
#define RESULT TARGET
#define NUMBER float
#define AT(name, i) name[name##_at + i]
#endif
#define OPERAND(i, name) layout(std430, binding = i) readonly BLOCK(i, name, source, NUMBER)

RESULT(0, dst);
UNIFORM(8, int, count);
#if defined(FILL)
UNIFORM(9, float, alpha);
#elif defined(ADD)
OPERAND(1, x);
OPERAND(2, y);
#elif defined(MUL)
OPERAND(1, x);
OPERAND(2, y);
UNIFORM(9, bool, accumulate);
#elif defined(WIDEN)
HALVES(1, x);
#elif defined(AXPY)
OPERAND(1, x);
UNIFORM(9, float, alpha);
UNIFORM(10, bool, accumulate);
#endif

void main() {
	EACH(i, count) {
#if defined(FILL)
		AT(dst, i) = NUMBER(alpha);
#elif defined(ADD)
		AT(dst, i) = AT(x, i) + AT(y, i);
#elif defined(MUL)
		NUMBER v = AT(x, i) * AT(y, i);
		AT(dst, i) = accumulate ? AT(dst, i) + v : v;
#elif defined(WIDEN)
		AT(dst, i) = HALF(x, x_at + i);
#elif defined(AXPY)
		NUMBER v = alpha * AT(x, i);
		AT(dst, i) = accumulate ? AT(dst, i) + v : v;
#endif
	}
}
