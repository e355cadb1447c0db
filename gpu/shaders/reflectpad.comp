// Mirrors pad pixels at every side of a plane without repeating the edge, or
// with GRAD sums the gradients of the copies of a pixel; with EDGE these are those of a
// margin of one pixel that repeats the edge.
TARGET(0, dst);
SOURCE(1, x);
UNIFORM(8, int, count);  // elements of dst
UNIFORM(9, int, height); // of the unpadded plane
UNIFORM(10, int, width);
UNIFORM(11, int, pad);

#ifdef GRAD
UNIFORM(12, bool, accumulate);

// The copies of coordinate u of size in the padded plane: itself, and one in
// each margin, or -1.
ivec3 copies(int u, int size) {
#ifdef EDGE
	return ivec3(u + 1, u == 0 ? 0 : -1, u == size - 1 ? size + 1 : -1);
#else
	int before = u >= 1 && u <= pad ? pad - u : -1;
	int after = u <= size - 2 && u >= size - 1 - pad ? 2 * (size - 1) - u + pad : -1;
	return ivec3(u + pad, before, after);
#endif
}

void main() {
	EACH(i, count) {
		ivec3 xs = copies(i % width, width), ys = copies(i / width % height, height);
		int plane = i / (width * height) * (height + 2 * pad);
		float sum = 0.0;
		for (int r = 0; r < 3; r++) {
			if (ys[r] < 0) continue;
			int row = x_at + (plane + ys[r]) * (width + 2 * pad);
			for (int c = 0; c < 3; c++)
				if (xs[c] >= 0) sum += x[row + xs[c]];
		}
		dst[dst_at + i] = accumulate ? dst[dst_at + i] + sum : sum;
	}
}
#else
int mirror(int u, int size) {
	u = abs(u);
	return u < size ? u : 2 * (size - 1) - u;
}

void main() {
	int w = width + 2 * pad, h = height + 2 * pad;
	EACH(i, count) {
		int from = mirror(i % w - pad, width);
		int row = mirror(i / w % h - pad, height);
		dst[dst_at + i] = x[x_at + (i / (w * h) * height + row) * width + from];
	}
}
#endif
