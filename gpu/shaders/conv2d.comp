// Two-dimensional cross-correlation as an implicit matrix product: a thread
// computes 4 neighboring pixels of 4*TILE output channels in registers. It
// slides its window of 4 input pixels along a row of the kernel, one load per
// step, and works without barriers, which software renderers pay dearly for.
//
// The input may be upsampled UP times (nearest) and is padded with zeros, or
// mirrored with REFLECT, by address arithmetic alone; see convolution.glsl for PHASES. Where KH, KW and STRIDE are not
// defined they are uniforms.
#include "convolution.glsl"
INPUT_BLOCK(1, x);
VECTORS(2, weights); // conv2dweights.comp's
UNIFORM(25, int, lanes);       // of a group that share a tile of channels; others have the next tiles
#ifndef KH
UNIFORM(26, int, KH);
UNIFORM(27, int, KW);
UNIFORM(28, int, STRIDE);
#endif

#include "normalize.glsl"
#include "window.glsl"

// TILES(f) is f for each tile.
#if TILE == 1
#define TILES(f) f(0)
#elif TILE == 2
#define TILES(f) f(0) f(1)
#else
#define TILES(f) f(0) f(1) f(2) f(3)
#endif

// Column k of a tile's sums: 4 pixels of channel k. They are sums of short sums, over
// a few channels each: with hundreds of channels one long sum loses several times as
// much to rounding, for which training pays where a ReLU or a maximum then decides
// otherwise.
#define SHORT max(1, 64 / max(1, KH * KW)) // channels
#define TOTAL(j) mat4 total##j = mat4(0.0);
#define PART(j) mat4 part##j = mat4(0.0);
#define TAP(j) part##j += outerProduct(p, weights[w + j]);
#define ADD(j) total##j += part##j;
#define STORE(j) for (int k = 0; k < 4; k++) store(n, (tile % tiles * TILE + j) * 4 + k, row, column, total##j[k]);

void main() {
	int tiles = (outputs + 4 * TILE - 1) / (4 * TILE);
	int allTiles = PHASES * tiles;
	int tilesPerGroup = 64 / lanes, tileGroups = (allTiles + tilesPerGroup - 1) / tilesPerGroup;
	int tile = group() % tileGroups * tilesPerGroup + lane() / lanes;
	int item = group() / tileGroups * lanes + lane() % lanes;
	int n = item / quads, row = item % quads / across, column = item % across * 4;
	if (tile >= allTiles || n >= batch) return;
	choose(tile / tiles);

	TILES(TOTAL)
	for (int first = 0; first < inputs; first += SHORT) {
		TILES(PART)
		for (int c = first; c < min(first + SHORT, inputs); c++) {
			READ_PLANE(n * inputs + c);
			for (int ky = 0; ky < KH; ky++) {
				int v = coordinate(row * STRIDE + ky - padY, inputHeight * UP - 1);
				if (v < 0) continue;
				int from = x_at + ((n * inputs + c) * inputHeight + v / UP) * inputWidth;
				int tap = ((c * KH + ky) * KW * allTiles + tile) * TILE;
				for (int phase = 0; phase < min(STRIDE, KW); phase++) {
					int u = column * STRIDE + phase - padX;
					vec4 p = window(from, u, STRIDE);
					for (int kx = phase; kx < KW; kx += STRIDE) {
						int w = tap + kx * allTiles * TILE;
						TILES(TAP)
						u += STRIDE;
						if (kx + STRIDE < KW) p = vec4(p.yzw, pixel(from, u + 3 * STRIDE));
					}
				}
			}
		}
		TILES(ADD)
	}
	TILES(STORE)
}
