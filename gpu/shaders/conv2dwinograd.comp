// 3x3 convolutions of stride 1 as Winograd's F(4x4,3x3) (Lavin and Gray,
// arXiv:1509.09308) with the points 0, ±1, ±2 and infinity: 6x6 pixels d and a kernel g
// give 4x4 pixels Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A. The products of all 36 frequencies are
// conv2dtile.comp's. The stages around it:
//
//	WEIGHTS  G g Gᵀ for each input and output channel
//	INPUT    Bᵀ d B for each channel of each tile
//	OUTPUT   Aᵀ m A with bias, sum and ReLU, with MOMENTS of what it stores, and
//	         with POOL its maxima
//
// Tiles are numbered by image, row and column; there are columns of them in this
// dispatch, a few more than tiles.
#if defined(WEIGHTS)
TARGET(0, dst); // [frequency][input][padded outputs]
SOURCE(1, w);   // see conv2dweights.comp
UNIFORM(8, int, count); // of a frequency
UNIFORM(9, int, outputs);
UNIFORM(10, int, inputs);
UNIFORM(11, int, padded);
UNIFORM(12, int, first);
UNIFORM(13, int, outputStep);
UNIFORM(14, int, inputStep);
UNIFORM(15, int, rowStep);
UNIFORM(16, int, columnStep);
UNIFORM(17, float, scale);

void kernel(float a, float b, float c, out float v[6]) {
	v[0] = a / 4.0;
	v[1] = (a + b + c) / -6.0;
	v[2] = (a - b + c) / -6.0;
	v[3] = a / 24.0 + b / 12.0 + c / 6.0;
	v[4] = a / 24.0 - b / 12.0 + c / 6.0;
	v[5] = c;
}

void main() {
	int i = thread();
	if (i >= count) return;
	int o = i % padded, from = i / padded;
	float half_[18], column[6];
	bool real = o < outputs && from < inputs;
	int at = w_at + first + o * outputStep + from * inputStep;
	for (int x = 0; x < 3; x++) {
		float g[3];
		for (int y = 0; y < 3; y++) g[y] = real ? w[at + y * rowStep + x * columnStep] * scale : 0.0;
		kernel(g[0], g[1], g[2], column);
		for (int y = 0; y < 6; y++) half_[y * 3 + x] = column[y];
	}
	for (int y = 0; y < 6; y++) {
		kernel(half_[y * 3], half_[y * 3 + 1], half_[y * 3 + 2], column);
		for (int x = 0; x < 6; x++) dst[dst_at + (y * 6 + x) * count + i] = column[x];
	}
}

#elif defined(INPUT)
TARGET(0, dst); // [frequency][channel][column]
INPUT_BLOCK(1, x);
UNIFORM(8, int, inputs);
UNIFORM(9, int, inputHeight);
UNIFORM(10, int, inputWidth);
UNIFORM(11, int, across); // tiles of a row
UNIFORM(12, int, down);   // rows of tiles
UNIFORM(13, int, firstTile);
UNIFORM(14, int, tiles);
UNIFORM(15, int, columns);
UNIFORM(16, int, padY);
UNIFORM(17, int, padX);

#include "normalize.glsl"
#include "window.glsl"

void transform(inout float a, inout float b, inout float c, inout float d, inout float e, inout float f) {
	float p = e - 4.0 * c, q = d - 4.0 * b, r = e - c, s = 2.0 * (d - b);
	float first = 4.0 * a - 5.0 * c + e, last = 4.0 * b - 5.0 * d + f;
	a = first;
	b = p + q;
	c = p - q;
	d = r + s;
	e = r - s;
	f = last;
}

void main() {
	int i = thread();
	if (i >= inputs * columns) return;
	int column = i % columns, c = i / columns, tile = firstTile + column;
	float d[36];
	if (column < tiles) {
		int n = tile / (across * down), y = tile / across % down * 4 - padY, u = tile % across * 4 - padX;
		int plane = (n * inputs + c) * inputHeight;
		READ_PLANE(n * inputs + c);
		for (int r = 0; r < 6; r++) {
			int v = coordinate(y + r, inputHeight * UP - 1);
			int row = x_at + (plane + max(v, 0) / UP) * inputWidth;
			for (int k = 0; k < 6; k++) d[r * 6 + k] = v < 0 ? 0.0 : pixel(row, u + k);
		}
	} else {
		for (int k = 0; k < 36; k++) d[k] = 0.0;
	}
	for (int k = 0; k < 6; k++) transform(d[k], d[6 + k], d[12 + k], d[18 + k], d[24 + k], d[30 + k]);
	for (int r = 0; r < 36; r += 6) transform(d[r], d[r + 1], d[r + 2], d[r + 3], d[r + 4], d[r + 5]);
	for (int k = 0; k < 36; k++) dst[dst_at + k * inputs * columns + i] = d[k];
}

#else
#include "convolution.glsl"
SOURCE(1, products); // [frequency][channel][column]
UNIFORM(25, int, firstTile);
UNIFORM(26, int, tiles);
UNIFORM(27, int, columns);

#ifdef MOMENTS
#include "moments.glsl"
#endif

#ifdef POOL
TARGET(5, pooled); // maxima of 2x2 pixels; odd last rows and columns are in none

// larger is one that is no number, as in maxpool.comp, or the larger one.
float larger(float a, float b) { return b > a || isnan(b) ? b : a; }
#endif

vec4 transform(float a, float b, float c, float d, float e, float f) {
	float p = b + c, q = b - c, r = d + e, s = d - e;
	return vec4(a + p + r, q + 2.0 * s, p + 4.0 * r, q + 8.0 * s + f);
}

void main() {
	// A group has neighboring tiles of a channel: columns is a multiple of its size.
	int i = thread(), column = i % columns, c = i / columns;
	int tile = firstTile + column, tilesAcross = (width + 3) / 4, tilesOfImage = tilesAcross * ((height + 3) / 4);
	vec4 rows[4];
	int n = tile / tilesOfImage, y = tile % tilesOfImage / tilesAcross * 4, x = tile % tilesAcross * 4;
	int pixels = min(4, width - x), high = column < tiles ? min(4, height - y) : 0;
	if (high > 0) {
		float m[36];
		for (int k = 0; k < 36; k++) m[k] = products[products_at + k * outputs * columns + i];
		vec4 half_[6]; // of each column, the 4 rows
		for (int k = 0; k < 6; k++) half_[k] = transform(m[k], m[6 + k], m[12 + k], m[18 + k], m[24 + k], m[30 + k]);
		for (int r = 0; r < 4; r++)
			rows[r] = transform(half_[0][r], half_[1][r], half_[2][r], half_[3][r], half_[4][r], half_[5][r]);
		for (int r = 0; r < high; r++) store(n, c, y + r, x, rows[r]);
#ifdef POOL
		int at = pooled_at + ((n * outputs + c) * (height / 2) + y / 2) * (width / 2) + x / 2;
		for (int r = 0; r + 1 < high; r += 2)
			for (int k = 0; k + 1 < pixels; k += 2) {
				float v = larger(larger(rows[r][k], rows[r][k + 1]), larger(rows[r + 1][k], rows[r + 1][k + 1]));
				if (biased) v += bias[bias_at + c]; // which changes no order
				pooled[at + r / 2 * (width / 2) + k / 2] = clampAtZero ? relu(v) : v;
			}
#endif
	}
#ifdef MOMENTS
	vec3 m = vec3(0.0);
	for (int r = 0; r < high; r++) m = combine(m, momentsOf(rows[r], pixels));
	m = combineGroup(m);
	int share = (tile - lane()) / 64; // of all images
	if (lane() == 0 && high > 0) leave(share / shares * outputs + c, share % shares, m);
#endif
}
#endif
