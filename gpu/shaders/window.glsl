// How convolutions see their input x: upsampled UP times (nearest), and padded
// with zeros, with REFLECT mirrored without repeating the edge, or with EDGE by
// repeating it. With NORM, the number of a storage block, they normalize what they load;
// see normalize.glsl.
#ifdef NORM
VECTORS(NORM, norms);
vec4 norm; // of the plane that is read
#define LOAD(i) normalized(ELEMENT(x, i), norm)
#define READ_PLANE(p) norm = norms[norms_at / 4 + (p)]
#else
#define LOAD(i) ELEMENT(x, i)
#define READ_PLANE(p)
#endif

// coordinate brings u to 0..last, or says -1 where there are zeros.
int coordinate(int u, int last) {
#ifdef REFLECT
	u = abs(u);
	u = u > last ? 2 * last - u : u;
	return clamp(u, 0, last); // threads past the end of a row need some pixel
#elif defined(EDGE)
	return clamp(u, 0, last);
#else
	return u > last ? -1 : max(u, -1);
#endif
}

// pixel is the input at column u of the row that starts at index row.
float pixel(int row, int u) {
	int c = coordinate(u, inputWidth * UP - 1);
	float v = LOAD(row + max(c, 0) / UP);
	return c < 0 ? 0.0 : v;
}

// window is 4 pixels, spacing columns apart.
vec4 window(int row, int u, int spacing) {
	return vec4(pixel(row, u), pixel(row, u + spacing), pixel(row, u + 2 * spacing), pixel(row, u + 3 * spacing));
}
