// Between textures with 8-bit colors and planes of floats:
//
//	READ   tensor = colors, 0 to 255, mirrored beyond the right and the bottom
//	WRITE  colors = tensor, clamped and truncated; alpha from another texture
//
// Images are bound as integers: the texture's bytes, whatever its format says
// about their meaning.
UNIFORM(8, int, height); // of the tensor
UNIFORM(9, int, width);
UNIFORM(10, int, imageWidth);
UNIFORM(11, int, imageHeight);
UNIFORM(12, bool, flip);
layout(rgba8ui, binding = 0) uniform readonly uimage2D source;

int texel(int row) { return flip ? imageHeight - 1 - row : row; }

#ifdef READ
TARGET(0, tensor);

// mirror is the coordinate in an image of size pixels that u >= 0 stands for.
int mirror(int u, int size) {
	int period = max(2 * (size - 1), 1);
	u %= period;
	return u < size ? u : period - u;
}

void main() {
	int area = height * width;
	EACH(i, area) {
		uvec4 c = imageLoad(source, ivec2(mirror(i % width, imageWidth), texel(mirror(i / width, imageHeight))));
		tensor[tensor_at + i] = float(c.r);
		tensor[tensor_at + area + i] = float(c.g);
		tensor[tensor_at + 2 * area + i] = float(c.b);
	}
}
#else
SOURCE(0, tensor);
layout(rgba8ui, binding = 1) uniform writeonly uimage2D target;

uint color(float v) { return v > 0.0 ? uint(min(v, 255.0)) : 0u; }

void main() {
	int area = height * width;
	EACH(i, imageWidth * imageHeight) {
		int row = i / imageWidth, column = i % imageWidth;
		int at = tensor_at + row * width + column;
		ivec2 p = ivec2(column, texel(row));
		uint alpha = imageLoad(source, p).a;
		imageStore(target, p, uvec4(color(tensor[at]), color(tensor[at + area]), color(tensor[at + 2 * area]), alpha));
	}
}
#endif
