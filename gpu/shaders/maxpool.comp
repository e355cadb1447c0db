// The maximum of 2x2 windows, or with GRAD the gradient of a window given to
// its first maximum in row order. Odd last rows and columns are in no window.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count);  // elements of dst
UNIFORM(9, int, height); // of the large plane
UNIFORM(10, int, width);

// The number of a window's first maximum, 0 to 3, and the maximum. NaN wins, as
// in PyTorch.
int argmax(int corner, out float best) {
	int at = 0;
	best = x[corner];
	for (int k = 1; k < 4; k++) {
		float v = x[corner + k / 2 * width + k % 2];
		if (v > best || isnan(v)) {
			best = v;
			at = k;
		}
	}
	return at;
}

#ifdef GRAD
SOURCE(2, dy);
UNIFORM(11, bool, accumulate);

void main() {
	int w = width / 2, h = height / 2;
	EACH(i, count) {
		int column = i % width, row = i / width % height, plane = i / (width * height);
		float v = 0.0, best;
		if (column / 2 < w && row / 2 < h) {
			int corner = x_at + (plane * height + row / 2 * 2) * width + column / 2 * 2;
			if (argmax(corner, best) == row % 2 * 2 + column % 2)
				v = dy[dy_at + (plane * h + row / 2) * w + column / 2];
		}
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v;
	}
}
#else
void main() {
	int w = width / 2, h = height / 2;
	EACH(i, count) {
		int column = i % w, row = i / w % h, plane = i / (w * h);
		float best;
		argmax(x_at + (plane * height + row * 2) * width + column * 2, best);
		dst[dst_at + i] = best;
	}
}
#endif
