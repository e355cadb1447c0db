// Adds the parts of a convolution's sums that conv2dtile.comp left with SPLIT: a thread
// has a quad.
#include "convolution.glsl"
VECTORS(1, parts);
UNIFORM(25, int, splits);
UNIFORM(26, int, padded); // output channels in parts

void main() {
	int items = batch * quads, item = thread() % items, c = thread() / items;
	if (c >= outputs) return;
	vec4 v = vec4(0.0);
	for (int s = 0; s < splits; s++) v += parts[(s * padded + c) * items + item];
	store(item / quads, c, item % quads / across, item % across * 4, v);
}
