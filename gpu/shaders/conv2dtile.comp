// Two-dimensional cross-correlation as a matrix product in shared memory: a group
// computes a tile of ROWS output channels times COLUMNS pixels, a thread THREAD_ROWS
// times THREAD_COLUMNS of them in registers. The sum over taps and input channels goes
// on in chunks of DEPTH; while threads multiply one, they load the next.
//
// The weights come packed. The input is gathered: a thread loads quads of 4 pixels of
// one channel. Where DEPTH divides the number of input channels, a chunk is channels
// of a single tap, whose place is found once; otherwise INPUTS is defined, and every
// quad finds its own. See window.glsl for UP and REFLECT.
//
// With SPLIT, splits groups share a sum, and conv2dsum.comp adds their parts. Images
// may have weights of their own, weightStep vectors apart; then no group may have
// pixels of two images.
//
// With MOMENTS and PHASES see convolution.glsl; no group has pixels of two images then,
// nor channels of two phases.
//
// With ALIGNED the kernel is 1x1, all widths are multiples of 4, and results only
// stored: inputs and results move in vectors.
#ifdef ALIGNED
VECTOR_TARGET(0, dst);
VECTORS(1, x);
UNIFORM(8, int, batch);
UNIFORM(9, int, inputs);
UNIFORM(12, int, outputs);
UNIFORM(14, int, width);
#define PHASES 1
int across = width / 4, quads = across, inputHeight = 1, inputWidth = width;
#else
#include "convolution.glsl"
INPUT_BLOCK(1, x);
#endif
VECTORS(2, weights); // conv2dweights.comp's, CHANNELS_INNER
#ifdef SPLIT
VECTOR_TARGET(5, parts);
#endif
UNIFORM(25, int, chunks); // of the whole sum
UNIFORM(26, int, splits);
UNIFORM(27, int, padded); // output channels, of each phase a multiple of ROWS
UNIFORM(28, int, weightStep);

#ifndef ALIGNED
#include "normalize.glsl"
#include "window.glsl"
#endif

// A thread's rows and columns come in fours that lie apart, so that the loads of
// neighboring threads from shared memory are neighbors.
#define ROW_FOURS (ROWS / 4)
#define QUADS (COLUMNS / 4)
#define MY_ROWS (THREAD_ROWS / 4)
#define MY_QUADS (THREAD_COLUMNS / 4)
#define WIDE (QUADS / MY_QUADS)
#define HIGH (ROW_FOURS / MY_ROWS)
#define LEFT_LOADS ((DEPTH * ROW_FOURS + THREADS - 1) / THREADS)
#define RIGHT_LOADS (DEPTH * QUADS / THREADS)
#define RIGHT_STEP (THREADS / QUADS) // rows of the chunk between a thread's loads
#define LEFT_PITCH (ROW_FOURS + 1)   // padded against conflicts of memory banks
#define RIGHT_PITCH (QUADS + 1)

shared vec4 left[2 * DEPTH * LEFT_PITCH];
shared vec4 right[2 * DEPTH * RIGHT_PITCH];

// Sums are sums of short sums where they are long; see conv2d.comp. Column k of a
// matrix is a quad of row k.
mat4 total[MY_ROWS * MY_QUADS];
#ifdef LONG
mat4 part[MY_ROWS * MY_QUADS];
#define SUMS part
#else
#define SUMS total
#endif

#ifdef ALIGNED
int from; // the quad of channel 0 that this thread loads
bool exists;

void locate(int ky, int kx) {}

vec4 gather(int c) { return exists ? x[from + c * across] : vec4(0.0); }
#else
// The quad whose inputs this thread loads.
int firstPlane, rowAt, columnAt; // of its image; its corner, which may lie outside
bool exists;

// Where a tap finds the quad: in the first plane, and whether that is no padding.
ivec4 places;
bvec4 valid;

void locate(int ky, int kx) {
	int v = coordinate(rowAt + ky, inputHeight * UP - 1);
	ivec4 us;
	for (int j = 0; j < 4; j++) us[j] = coordinate(columnAt + kx + j * STRIDE, inputWidth * UP - 1);
	valid = bvec4(exists && v >= 0);
	for (int j = 0; j < 4; j++) valid[j] = valid[j] && us[j] >= 0;
	places = x_at + (firstPlane * inputHeight + max(v, 0) / UP) * inputWidth + max(us, 0) / UP;
}

vec4 gather(int c) {
	int from = c * inputHeight * inputWidth;
	vec4 v = vec4(0.0);
	READ_PLANE(firstPlane + c);
	if (valid.x) v.x = LOAD(places.x + from);
	if (valid.y) v.y = LOAD(places.y + from);
	if (valid.z) v.z = LOAD(places.z + from);
	if (valid.w) v.w = LOAD(places.w + from);
	return v;
}
#endif

void multiply(int buffered) {
	int tx = lane() % WIDE, ty = lane() / WIDE;
	int l = buffered * DEPTH * LEFT_PITCH + ty, r = buffered * DEPTH * RIGHT_PITCH + tx;
	for (int k = 0; k < DEPTH; k++) {
		vec4 rows[MY_ROWS], columns[MY_QUADS];
		for (int i = 0; i < MY_ROWS; i++) rows[i] = left[l + k * LEFT_PITCH + i * HIGH];
		for (int j = 0; j < MY_QUADS; j++) columns[j] = right[r + k * RIGHT_PITCH + j * WIDE];
		for (int i = 0; i < MY_ROWS; i++)
			for (int j = 0; j < MY_QUADS; j++) SUMS[i * MY_QUADS + j] += outerProduct(columns[j], rows[i]);
	}
}

#ifdef MOMENTS
#include "moments.glsl"

// pixelsOf is how many pixels a quad of items has.
int pixelsOf(int quad, int items) { return quad < items ? min(4, width - quad % across * 4) : 0; }

// leaveMoments leaves those of a group's channels: every thread puts those of its pixels
// into memory that is no longer needed, two channels to a vector, and one thread for
// each channel combines them.
void leaveMoments(int firstQuad, int items, int firstChannel, int share) {
	int tx = lane() % WIDE, ty = lane() / WIDE;
	for (int i = 0; i < MY_ROWS; i++)
		for (int k = 0; k < 4; k++) {
			vec3 m = vec3(0.0);
			for (int j = 0; j < MY_QUADS; j++)
				m = combine(m, momentsOf(total[i * MY_QUADS + j][k], pixelsOf(firstQuad + j * WIDE + tx, items)));
			int pair = (2 * (i * HIGH + ty) + k / 2) * WIDE + tx;
			if (k % 2 == 0) right[pair].xy = m.xy; else right[pair].zw = m.xy;
		}
	barrier();
	for (int row = lane(); row < ROWS && firstChannel + row < outputs; row += THREADS) {
		vec3 m = vec3(0.0);
		for (int t = 0; t < WIDE; t++) {
			int pixels = 0;
			for (int j = 0; j < MY_QUADS; j++) pixels += pixelsOf(firstQuad + j * WIDE + t, items);
			vec4 pair = right[row / 2 * WIDE + t];
			m = combine(m, vec3(row % 2 == 0 ? pair.xy : pair.zw, float(pixels)));
		}
		leave(firstQuad / quads * outputs + firstChannel + row, share, m);
	}
}
#endif

void main() {
	int rowTiles = padded / ROWS;
	int tileRow = group() % rowTiles, split = group() / rowTiles % splits, tileColumn = group() / (rowTiles * splits);
	int items = batch * quads;
	int phaseTiles = rowTiles / PHASES, phase = tileRow / phaseTiles;
	int firstChannel = tileRow % phaseTiles * ROWS; // of the results
#ifndef ALIGNED
	choose(phase);
#endif

	int item = tileColumn * QUADS + lane() % QUADS;
	exists = item < items;
	int image = min(item, items - 1) / quads;
#ifdef ALIGNED
	from = image * inputs * across + item % across;
#else
	firstPlane = image * inputs;
	rowAt = item % quads / across * STRIDE - padY;
	columnAt = item % across * 4 * STRIDE - padX;
#endif
	int depthAt = lane() / QUADS;
	int w = min(tileColumn * QUADS, items - 1) / quads * weightStep + tileRow * ROW_FOURS;

	for (int i = 0; i < MY_ROWS * MY_QUADS; i++) {
		total[i] = mat4(0.0);
#ifdef LONG
		part[i] = mat4(0.0);
#endif
	}
	int first = chunks * split / splits, last = chunks * (split + 1) / splits;
#ifndef INPUTS
	int c = first * DEPTH % inputs, kx = first * DEPTH / inputs % KW, ky = first * DEPTH / inputs / KW;
#endif
	for (int chunk = first; chunk <= last; chunk++) {
		vec4 nextLeft[LEFT_LOADS], nextRight[RIGHT_LOADS];
		if (chunk < last) {
			for (int i = 0; i < LEFT_LOADS; i++) {
				int at = lane() + i * THREADS;
				if (DEPTH * ROW_FOURS % THREADS == 0 || at < DEPTH * ROW_FOURS)
					nextLeft[i] = weights[w + (chunk * DEPTH + at / ROW_FOURS) * (padded / 4) + at % ROW_FOURS];
			}
#ifndef INPUTS
			locate(ky, kx);
			for (int i = 0; i < RIGHT_LOADS; i++) nextRight[i] = gather(c + depthAt + i * RIGHT_STEP);
			c += DEPTH;
			if (c == inputs) {
				c = 0;
				kx++;
				if (kx == KW) {
					kx = 0;
					ky++;
				}
			}
#else
			for (int i = 0; i < RIGHT_LOADS; i++) {
				int k = chunk * DEPTH + depthAt + i * RIGHT_STEP;
				locate(k / (INPUTS * KW), k / INPUTS % KW);
				nextRight[i] = k < INPUTS * KH * KW ? gather(k % INPUTS) : vec4(0.0);
			}
#endif
		}
		if (chunk > first) multiply((chunk - 1) & 1);
#ifdef LONG
		if ((chunk - first) % (64 / DEPTH) == 0 || chunk == last)
			for (int i = 0; i < MY_ROWS * MY_QUADS; i++) {
				total[i] += part[i];
				part[i] = mat4(0.0);
			}
#endif
		if (chunk < last) {
			int buffered = chunk & 1;
			for (int i = 0; i < LEFT_LOADS; i++) {
				int at = lane() + i * THREADS;
				if (DEPTH * ROW_FOURS % THREADS == 0 || at < DEPTH * ROW_FOURS)
					left[(buffered * DEPTH + at / ROW_FOURS) * LEFT_PITCH + at % ROW_FOURS] = nextLeft[i];
			}
			for (int i = 0; i < RIGHT_LOADS; i++)
				right[(buffered * DEPTH + depthAt + i * RIGHT_STEP) * RIGHT_PITCH + lane() % QUADS] = nextRight[i];
		}
		barrier();
	}

	for (int j = 0; j < MY_QUADS; j++) {
		int to = tileColumn * QUADS + j * WIDE + lane() % WIDE;
		if (to >= items) continue;
		for (int i = 0; i < MY_ROWS; i++)
			for (int k = 0; k < 4; k++) {
				int row = 4 * (i * HIGH + lane() / WIDE) + k, channel = firstChannel + row;
				vec4 v = total[i * MY_QUADS + j][k];
#if defined(SPLIT)
				parts[(split * padded + tileRow * ROWS + row) * items + to] = v;
#elif defined(ALIGNED)
				if (channel < outputs) dst[(to / across * outputs + channel) * across + to % across] = v;
#else
				store(to / quads, channel, to % quads / across, to % across * 4, v);
#endif
			}
	}
#ifdef MOMENTS
	int tilesOfImage = shares / PHASES;
	leaveMoments(tileColumn * QUADS, items, firstChannel, phase * tilesOfImage + tileColumn % tilesOfImage);
#endif
}
