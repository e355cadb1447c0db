// dst = x*scale + shift per channel, or with GRAD dst (+)= x*scale.
TARGET(0, dst);
ALIASED(1, x);
SOURCE(2, scale);
UNIFORM(8, int, count);
UNIFORM(9, int, area);     // elements of a plane
UNIFORM(10, int, first);    // number of the first plane
UNIFORM(11, int, channels);
#ifdef GRAD
UNIFORM(12, bool, accumulate);
#else
SOURCE(3, shift);
#endif

void main() {
	EACH(i, count) {
		int c = (first + i / area) % channels;
		float v = x[x_at + i] * scale[scale_at + c];
#ifdef GRAD
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
#else
		dst[dst_at + i] = v + shift[shift_at + c];
#endif
	}
}
