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

void main() {
	EACH(i, count) {
		float d = a[a_at + i] - b[b_at + i];
		// The larger before the root, so that squares neither overflow nor vanish.
		float large = max(abs(d), eps), small = min(abs(d), eps) / large;
		float v = large * sqrt(1.0 + small * small);
#ifdef GRAD
		v = d == 0.0 ? 0.0 : dloss[dloss_at] * scale * (d / v);
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#else
		dst[dst_at + i] = large == 0.0 ? 0.0 : v;
#endif
	}
}
