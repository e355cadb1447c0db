// The gradient of a convolution's weights as a matrix product in shared memory: a group
// computes a tile of ROWS output channels times COLUMNS taps of input channels, a thread
// THREAD_ROWS times THREAD_COLUMNS of them in registers, over a share of the pixels.
// They come in quads: 4 neighboring pixels of an output row, whose products add up in
// dot products. The sum goes on in chunks of DEPTH quads; while threads multiply one,
// they load the next. The shares go to parts[share], each in the order of the weights;
// reduce.comp adds them.
//
// With ALIGNED rows of dy are whole quads, which are loaded at once, and with POINTWISE,
// for a kernel of 1x1, those of x are, too.
TARGET(0, parts);
#ifdef POINTWISE
VECTORS(1, x);
#else
SOURCE(1, x);
#endif
#ifdef ALIGNED
VECTORS(2, dy);
#else
SOURCE(2, dy);
#endif
UNIFORM(8, int, batch);
UNIFORM(9, int, inputs); // channels in this dispatch
UNIFORM(10, int, inputHeight);
UNIFORM(11, int, inputWidth);
UNIFORM(12, int, outputs); // channels in this dispatch
UNIFORM(13, int, height);
UNIFORM(14, int, width);
UNIFORM(15, int, pad);
UNIFORM(16, int, shares);
UNIFORM(17, int, length);      // of a share
UNIFORM(18, int, firstOutput); // where this dispatch's channels are in a share
UNIFORM(19, int, firstInput);
UNIFORM(20, int, allInputs);

#define HIGH (ROWS / THREAD_ROWS)
#define WIDE (COLUMNS / THREAD_COLUMNS)
#define LEFT_LOADS ((DEPTH * ROWS + THREADS - 1) / THREADS) // not all threads have one of few rows
#define RIGHT_LOADS (DEPTH * COLUMNS / THREADS)
#define LOAD_STEP (THREADS / DEPTH) // rows or columns between a thread's loads
#define LEFT_PITCH (ROWS + 1)       // padded against conflicts of memory banks
#define RIGHT_PITCH (COLUMNS + 1)

shared vec4 left[2 * DEPTH * LEFT_PITCH];
shared vec4 right[2 * DEPTH * RIGHT_PITCH];

float sums[THREAD_ROWS * THREAD_COLUMNS];

// grads are a quad of dy; pixels past the end of the row are zero.
vec4 grads(int n, int c, int row, int column) {
	int at = dy_at + ((n * outputs + c) * height + row) * width + column;
#ifdef ALIGNED
	return dy[at / 4];
#else
	vec4 v = vec4(0.0);
	for (int j = 0; j < 4; j++) if (column + j < width) v[j] = dy[at + j];
	return v;
#endif
}

// pixels are the quad of x that a tap multiplies with the grads at a row and column.
#ifdef POINTWISE
vec4 pixels(int n, int tap, int row, int column) {
	return x[(x_at + ((n * inputs + tap) * height + row) * width + column) / 4];
}
#else
#include "window.glsl"

vec4 pixels(int n, int tap, int row, int column) {
	int c = tap / (KH * KW), ky = tap / KW % KH, kx = tap % KW;
	int v = coordinate(row * STRIDE + ky - pad, inputHeight * UP - 1);
	if (v < 0) return vec4(0.0);
	return window(x_at + ((n * inputs + c) * inputHeight + v / UP) * inputWidth, column * STRIDE + kx - pad, STRIDE);
}
#endif

void multiply(int buffered) {
	int l = buffered * DEPTH * LEFT_PITCH + lane() / WIDE, r = buffered * DEPTH * RIGHT_PITCH + lane() % WIDE;
	for (int q = 0; q < DEPTH; q++) {
		vec4 rows[THREAD_ROWS], columns[THREAD_COLUMNS];
		for (int i = 0; i < THREAD_ROWS; i++) rows[i] = left[l + q * LEFT_PITCH + i * HIGH];
		for (int j = 0; j < THREAD_COLUMNS; j++) columns[j] = right[r + q * RIGHT_PITCH + j * WIDE];
		for (int i = 0; i < THREAD_ROWS; i++)
			for (int j = 0; j < THREAD_COLUMNS; j++) sums[i * THREAD_COLUMNS + j] += dot(rows[i], columns[j]);
	}
}

void main() {
	int across = (width + 3) / 4, items = batch * height * across, chunks = (items + DEPTH - 1) / DEPTH;
	int taps = inputs * KH * KW, rowTiles = (outputs + ROWS - 1) / ROWS, columnTiles = (taps + COLUMNS - 1) / COLUMNS;
	int tileRow = group() % rowTiles * ROWS, tileColumn = group() / rowTiles % columnTiles * COLUMNS;
	int share = group() / (rowTiles * columnTiles);

	for (int i = 0; i < THREAD_ROWS * THREAD_COLUMNS; i++) sums[i] = 0.0;
	int each = (chunks + shares - 1) / shares, first = min(share * each, chunks), last = min(first + each, chunks);

	// The quad that this thread loads of every chunk.
	int at = lane() % DEPTH, line = lane() / DEPTH;
	int item = first * DEPTH + at;
	int n = item / (across * height), row = item / across % height, column = item % across;

	for (int chunk = first; chunk <= last; chunk++) {
		vec4 nextLeft[LEFT_LOADS], nextRight[RIGHT_LOADS];
		if (chunk < last) {
			bool exists = n < batch;
			for (int i = 0; i < LEFT_LOADS; i++) {
				int o = tileRow + line + i * LOAD_STEP;
				nextLeft[i] = exists && o < outputs ? grads(n, o, row, 4 * column) : vec4(0.0);
			}
			for (int i = 0; i < RIGHT_LOADS; i++) {
				int tap = tileColumn + line + i * LOAD_STEP;
				nextRight[i] = exists && tap < taps ? pixels(n, tap, row, 4 * column) : vec4(0.0);
			}
			for (column += DEPTH; column >= across; column -= across)
				if (++row == height) {
					row = 0;
					n++;
				}
		}
		if (chunk > first) multiply((chunk - 1) & 1);
		if (chunk < last) {
			int to = (chunk & 1) * DEPTH + at;
			for (int i = 0; i < LEFT_LOADS; i++)
				if (line + i * LOAD_STEP < ROWS) left[to * LEFT_PITCH + line + i * LOAD_STEP] = nextLeft[i];
			for (int i = 0; i < RIGHT_LOADS; i++) right[to * RIGHT_PITCH + line + i * LOAD_STEP] = nextRight[i];
		}
		barrier();
	}

	for (int i = 0; i < THREAD_ROWS; i++)
		for (int j = 0; j < THREAD_COLUMNS; j++) {
			int o = tileRow + lane() / WIDE + i * HIGH, tap = tileColumn + lane() % WIDE + j * WIDE;
			if (o < outputs && tap < taps)
				parts[parts_at + share * length + ((firstOutput + o) * allInputs + firstInput) * KH * KW + tap] = sums[i * THREAD_COLUMNS + j];
		}
}
