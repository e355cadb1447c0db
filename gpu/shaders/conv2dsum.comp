// Adds the parts of a convolution's sums that conv2dtile.comp left with SPLIT: a thread
// has a quad, a group neighboring quads of a channel.
#include "convolution.glsl"
VECTORS(1, parts);
UNIFORM(25, int, splits);
UNIFORM(26, int, padded); // output channels in parts, of all phases

#ifdef MOMENTS
#include "moments.glsl"
#endif

void main() {
	int items = batch * quads, blocks = (items + 63) / 64;
	int block = group() % blocks, item = block * 64 + lane();
	int phase = group() / blocks / outputs, c = group() / blocks % outputs, from = phase * (padded / PHASES) + c;
	choose(phase);
	vec4 v = vec4(0.0);
	for (int s = 0; s < splits && item < items; s++) v += parts[(s * padded + from) * items + item];
	int pixels = 0;
	if (item < items) {
		int column = item % across * 4;
		pixels = min(4, width - column);
		store(item / quads, c, item % quads / across, column, v);
	}
#ifdef MOMENTS
	vec3 m = combineGroup(momentsOf(v, pixels));
	int blocksOfImage = shares / PHASES;
	if (lane() == 0) leave(block / blocksOfImage * outputs + c, phase * blocksOfImage + block % blocksOfImage, m);
#endif
}
