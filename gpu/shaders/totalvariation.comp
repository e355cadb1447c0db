// The squared differences of a pixel to its right and its lower neighbor, which
// reduce.comp sums, or with GRAD their gradient: dst (+)= dloss*scale * the sum of
// the differences to all neighbors, where scale is 2*weight/len.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count);
UNIFORM(9, int, height);
UNIFORM(10, int, width);
#ifdef GRAD
SOURCE(2, dloss);
UNIFORM(11, float, scale);
UNIFORM(12, bool, accumulate);
#endif

void main() {
	EACH(i, count) {
		int row = i / width % height, column = i % width;
		float v = x[x_at + i];
		float right = column < width - 1 ? v - x[x_at + i + 1] : 0.0;
		float below = row < height - 1 ? v - x[x_at + i + width] : 0.0;
#ifdef GRAD
		float left = column > 0 ? v - x[x_at + i - 1] : 0.0;
		float above = row > 0 ? v - x[x_at + i - width] : 0.0;
		float g = dloss[dloss_at] * scale * (above + below + left + right);
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + g : g;
#else
		dst[dst_at + i] = right * right + below * below;
#endif
	}
}
