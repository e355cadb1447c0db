// What the kernels of a convolution share: where results go, to pixels
// (y*spacing + offsetY, x*spacing + offsetX) of the destination's planes, so that a
// strided convolution's input gradient can be written one phase at a time.
#ifdef HALF_RESULT
HALVES_TARGET(0, dst);
#else
TARGET(0, dst);
VECTOR_TARGET(0, dstQuads); // the same, for rows of whole quads
#endif
#ifdef GATED
SOURCE(3, gate); // results are 0 where it, of dst's shape, is not positive; there is no bias
VECTORS(3, gateQuads);
#else
SOURCE(3, bias);
#endif
UNIFORM(8, int, batch);
UNIFORM(9, int, inputs); // channels
UNIFORM(10, int, inputHeight);
UNIFORM(11, int, inputWidth);
UNIFORM(12, int, outputs); // channels
UNIFORM(13, int, height);  // pixels to compute
UNIFORM(14, int, width);
UNIFORM(15, int, planeHeight); // of dst
UNIFORM(16, int, planeWidth);
UNIFORM(17, int, spacing);
UNIFORM(18, int, offsetY);
UNIFORM(19, int, offsetX);
UNIFORM(20, int, padY);
UNIFORM(21, int, padX);
UNIFORM(22, bool, biased);
UNIFORM(23, bool, accumulate);
UNIFORM(24, bool, clampAtZero); // ReLU

// With MOMENTS a kernel leaves the moments of shares of the planes that it stores, for
// the normalization that comes next: [plane][share] of three. They are those of what it
// computed: there is no bias, sum or ReLU then. No share has pixels of two images.
#ifdef MOMENTS
TARGET(5, moments);
UNIFORM(29, int, shares);

void leave(int plane, int share, vec3 m) {
	int at = moments_at + 3 * (plane * shares + share);
	moments[at] = m.x;
	moments[at + 1] = m.y;
	moments[at + 2] = m.z;
}
#endif

#ifdef PHASES
// The input was upsampled to twice its size: what a 3x3 kernel makes of it is, for every
// second pixel of every second row, what a kernel of 2x2 makes of the small image. These
// four phases have results of their own: PHASES times as many channels.
void choose(int phase) {
	offsetY = phase / 2;
	offsetX = phase % 2;
	padY -= offsetY;
	padX -= offsetX;
}
#else
#define PHASES 1
void choose(int phase) {}
#endif

// Kernels compute quads: 4 neighboring pixels of a row, of which the last of a row may
// lie past its end.
int across = (width + 3) / 4; // quads of a row
int quads = across * height;  // of an image

// store writes a quad of channel c.
void store(int n, int c, int row, int column, vec4 v) {
	if (c >= outputs) return;
#ifndef GATED
	if (biased) v += bias[bias_at + c];
#endif
	int at = dst_at + ((n * outputs + c) * planeHeight + row * spacing + offsetY) * planeWidth + column * spacing + offsetX;
#ifdef HALF_RESULT
	for (int j = 0; j < 4; j++) v[j] = j >= width - column ? 0.0 : clampAtZero ? relu(v[j]) : v[j];
	if (spacing == 1) {
		dst[at / 2] = halves(v.xz);
		dst[at / 2 + 1] = halves(v.yw);
	} else { // 2: of an even width
		dst[WORD(at)] = halves(v.xy);
		if (width - column > 2) dst[WORD(at) + 2] = halves(v.zw);
	}
#else
	if (spacing == 1 && planeWidth % 4 == 0) { // one store instead of four
		vec4 s = accumulate ? dstQuads[at / 4] + v : v;
#ifdef GATED
		s = mix(vec4(0.0), s, greaterThan(gateQuads[(gate_at + at - dst_at) / 4], vec4(0.0)));
#endif
		dstQuads[at / 4] = clampAtZero ? vec4(relu(s.x), relu(s.y), relu(s.z), relu(s.w)) : s;
		return;
	}
	for (int j = 0; j < min(4, width - column); j++, at += spacing) {
		float s = accumulate ? dst[at] + v[j] : v[j];
#ifdef GATED
		if (!(gate[gate_at + at - dst_at] > 0.0)) s = 0.0;
#endif
		dst[at] = clampAtZero ? relu(s) : s;
	}
#endif
}
