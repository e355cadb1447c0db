// Packs a convolution's weights in the order in which conv2d.comp reads them:
// input channel, kernel row, kernel column, output channel, the last padded
// with zeros to padded channels. The weight of tap (ky, kx) from input i to
// output o is at index first + o*outputStep + i*inputStep + ky*rowStep + kx*columnStep,
// which covers transposed and mirrored kernels too. With CHANNELS_INNER the order is
// conv2dtile.comp's: kernel row, kernel column, input channel, output channel, with
// zeros at the end.
//
// With FOLD the weights are the 2x2 kernels of convolution.glsl's PHASES: channels of
// four phases, each padded, of which rows and columns are sums of some of the 3x3 kernel.
// With FOLD_BACK they are the 4x4 kernels of the gradient of an upsampled image: all taps
// that see one of the two copies of a row from a row of results.
//
// With SYMMETRIC the weights are those of a square matrix plus its transpose,
// whose element for input 0 and output 0 is at index firstTransposed.
TARGET(0, dst);
SOURCE(1, w);
UNIFORM(8, int, count); // elements of dst
UNIFORM(9, int, outputs);
UNIFORM(10, int, padded);
UNIFORM(11, int, rows);
UNIFORM(12, int, columns);
UNIFORM(13, int, first);
UNIFORM(14, int, outputStep);
UNIFORM(15, int, inputStep);
UNIFORM(16, int, rowStep);
UNIFORM(17, int, columnStep);
UNIFORM(18, float, scale);
UNIFORM(19, int, inputs);
#ifdef SYMMETRIC
UNIFORM(20, int, firstTransposed);
#endif

void main() {
	EACH(i, count) {
		int o = i % padded, tap = i / padded;
#ifdef CHANNELS_INNER
		int from = tap % inputs, kx = tap / inputs % columns, ky = tap / (inputs * columns);
#else
		int kx = tap % columns, ky = tap / columns % rows, from = tap / (columns * rows);
#endif
		float v = 0.0;
#ifdef FOLD
		// The first of two rows of the small image has one row of the kernel in the phase of
		// even rows, two in that of odd ones; the second has the others.
		int phase = o / (padded / 4);
		o %= padded / 4;
#endif
		if (o < outputs && ky < rows) {
			int at = w_at + first + o * outputStep + from * inputStep;
#ifdef FOLD
			for (int y = ky * (1 + phase / 2); y <= (ky == 0 ? phase / 2 : 2); y++)
				for (int x = kx * (1 + phase % 2); x <= (kx == 0 ? phase % 2 : 2); x++) v += w[at + y * rowStep + x * columnStep];
#elif defined(FOLD_BACK)
			for (int y = max(0, 2 - ky); y <= min(2, 3 - ky); y++)
				for (int x = max(0, 2 - kx); x <= min(2, 3 - kx); x++) v += w[at + y * rowStep + x * columnStep];
#else
			v = w[at + ky * rowStep + kx * columnStep];
#endif
#ifdef SYMMETRIC
			v += w[w_at + firstTransposed + from * outputStep + o * inputStep];
#endif
		}
		dst[dst_at + i] = v * scale;
	}
}
