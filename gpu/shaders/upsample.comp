// Repeats every pixel factor times in both directions, or with GRAD sums the
// gradients of the copies.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count); // elements of dst
UNIFORM(9, int, width); // of the small planes, whose rows follow each other
UNIFORM(10, int, factor);

#ifdef GRAD
UNIFORM(11, bool, accumulate);

void main() {
	EACH(i, count) {
		int corner = (i / width * factor * width + i % width) * factor;
		float sum = 0.0;
		for (int r = 0; r < factor; r++)
			for (int c = 0; c < factor; c++)
				sum += x[x_at + corner + r * width * factor + c];
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + sum : sum;
	}
}
#else
void main() {
	EACH(i, count) {
		int row = i / (width * factor), column = i % (width * factor);
		dst[dst_at + i] = x[x_at + row / factor * width + column / factor];
	}
}
#endif
