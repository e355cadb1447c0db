// The values sqrt(d²+eps²) of the differences d of a pixel to its right and its lower
// neighbor, which reduce.comp sums, or with GRAD their gradient: dst (+)= dloss*scale *
// the sum of d/sqrt(d²+eps²) of the differences to all neighbors, where scale is
// weight/len.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count);
UNIFORM(9, int, height);
UNIFORM(10, int, width);
UNIFORM(11, float, eps);
#ifdef GRAD
SOURCE(2, dloss);
UNIFORM(12, float, scale);
UNIFORM(13, bool, accumulate);
#endif

#include "hypot.glsl"

void main() {
	EACH(i, count) {
		int row = i / width % height, column = i % width;
		float v = x[x_at + i];
#ifdef GRAD
		float g = 0.0;
		if (row > 0) g += slope(v - x[x_at + i - width], eps);
		if (row < height - 1) g += slope(v - x[x_at + i + width], eps);
		if (column > 0) g += slope(v - x[x_at + i - 1], eps);
		if (column < width - 1) g += slope(v - x[x_at + i + 1], eps);
		g *= dloss[dloss_at] * scale;
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + g : g;
#else
		float sum = 0.0;
		if (column < width - 1) sum += hypot_(v - x[x_at + i + 1], eps);
		if (row < height - 1) sum += hypot_(v - x[x_at + i + width], eps);
		dst[dst_at + i] = sum;
#endif
	}
}
