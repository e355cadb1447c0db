// The gradient of a convolution's weights, as an implicit matrix product: a
// thread computes TAPSY*TAPSX taps from SPREAD input channels to 4*TILE output
// channels, over a share of the output's rows, 4 pixels at a time. The shares
// go to parts[share], each in the order of the weights; reduce.comp adds them.
//
// Where KH, KW and STRIDE are not
// defined they are uniforms.
TARGET(0, parts);
SOURCE(1, x);
SOURCE(2, dy);
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
#ifndef KH
UNIFORM(21, int, KH);
UNIFORM(22, int, KW);
UNIFORM(23, int, STRIDE);
#endif

#include "window.glsl"

// grads are 4 pixels of dy; those past the end of the row are zero.
vec4 grads(int n, int c, int row, int column) {
	int at = dy_at + ((n * outputs + min(c, outputs - 1)) * height + row) * width;
	vec4 v;
	for (int j = 0; j < 4; j++) v[j] = column + j < width ? dy[at + min(column + j, width - 1)] : 0.0;
	return v;
}

mat4 grads4(int n, int c, int row, int column) {
	return mat4(grads(n, c, row, column), grads(n, c + 1, row, column), grads(n, c + 2, row, column), grads(n, c + 3, row, column));
}

void main() {
	int spreads = (inputs + SPREAD - 1) / SPREAD, tapRows = KH / TAPSY, tapColumns = KW / TAPSX;
	int tiles = (outputs + 4 * TILE - 1) / (4 * TILE);
	int t = thread();
	int kx = t % tapColumns * TAPSX;
	t /= tapColumns;
	int ky = t % tapRows * TAPSY;
	t /= tapRows;
	int input0 = t % spreads * SPREAD;
	t /= spreads;
	int output0 = t % tiles * 4 * TILE, share = t / tiles;
	if (share >= shares) return;

	// vec4: 4 output channels of one tap.
	vec4 sums[SPREAD * TAPSY * TAPSX * TILE];
	for (int i = 0; i < SPREAD * TAPSY * TAPSX * TILE; i++) sums[i] = vec4(0.0);

	int rows = batch * height;
	for (int r = share * rows / shares; r < (share + 1) * rows / shares; r++) {
		int n = r / height, row = r % height;
		for (int column = 0; column < width; column += 4) {
			mat4 g0 = grads4(n, output0, row, column);
#if TILE > 1
			mat4 g1 = grads4(n, output0 + 4, row, column);
#endif
			for (int s = 0; s < SPREAD; s++) {
				int plane = (n * inputs + min(input0 + s, inputs - 1)) * inputHeight;
				for (int i = 0; i < TAPSY; i++) {
					int v = coordinate(row * STRIDE + ky + i - pad, inputHeight * UP - 1);
					if (v < 0) continue;
					int from = x_at + (plane + v / UP) * inputWidth;
					int u = column * STRIDE + kx - pad;
					vec4 p;
					for (int j = 0; j < TAPSX; j++) {
						p = j == 0 || STRIDE > 1 ? window(from, u + j, STRIDE) : vec4(p.yzw, pixel(from, u + j + 3));
						int at = ((s * TAPSY + i) * TAPSX + j) * TILE;
						sums[at] += p * g0;
#if TILE > 1
						sums[at + 1] += p * g1;
#endif
					}
				}
			}
		}
	}
	for (int s = 0; s < SPREAD; s++)
		for (int i = 0; i < TAPSY; i++)
			for (int j = 0; j < TAPSX; j++)
				for (int k = 0; k < 4 * TILE; k++) {
					int o = output0 + k, c = input0 + s;
					if (o < outputs && c < inputs)
						parts[parts_at + share * length + (((firstOutput + o) * allInputs + firstInput + c) * KH + ky + i) * KW + kx + j] =
							sums[((s * TAPSY + i) * TAPSX + j) * TILE + k / 4][k % 4];
				}
}
