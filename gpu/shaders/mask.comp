// dst (+)= x*mask, where the planes of x have one mask.
TARGET(0, dst);
SOURCE(1, x);
SOURCE(2, mask);
UNIFORM(8, int, count);
UNIFORM(9, int, area);
UNIFORM(10, bool, accumulate);

void main() {
	EACH(i, count) {
		float v = x[x_at + i] * mask[mask_at + i % area];
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
	}
}
