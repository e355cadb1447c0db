// dst = sqrt((a-b)²+eps²), which reduce.comp sums, or with GRAD the gradient of
// weight times their mean: dst (+)= dloss*scale * (a-b)/sqrt((a-b)²+eps²), where
// scale is weight/len.
TARGET(0, dst);
ALIASED(1, a);
ALIASED(2, b);
UNIFORM(8, int, count);
UNIFORM(9, float, eps);
#ifdef GRAD
SOURCE(3, dloss);
UNIFORM(10, float, scale);
UNIFORM(11, bool, accumulate);
#endif

#include "hypot.glsl"

void main() {
	EACH(i, count) {
		float d = a[a_at + i] - b[b_at + i];
#ifdef GRAD
		float g = dloss[dloss_at] * scale * slope(d, eps);
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + g : g;
#else
		dst[dst_at + i] = hypot_(d, eps);
#endif
	}
}
