// Bilinear samples of images, where a flow points. The blocks are planes of one
// image of the batch, the flow has two.
//
//	         dst = the samples of x
//	IMAGE    dst (+)= the gradient of the images, a row of a plane per thread, from
//	         that of the samples x and the rows that ranges says each row can meet
//	RANGES   ranges = the first and the last row that a row of the flow points to
//	FLOW     dst (+)= the gradient of the flow, from that of the samples dy
//	MASK     dst = 1 where the flow points into the images
//
// With EDGE, places outside the images are held at their edges.
TARGET(0, dst);
SOURCE(1, flow);
#if !defined(RANGES) && !defined(MASK)
SOURCE(2, x);
#endif
#ifdef IMAGE
SOURCE(3, ranges);
#endif
#ifdef FLOW
SOURCE(3, dy);
#endif
UNIFORM(8, int, count);
UNIFORM(9, int, height); // of the images
UNIFORM(10, int, width);
UNIFORM(11, int, outHeight); // of the flow
UNIFORM(12, int, outWidth);
UNIFORM(13, bool, accumulate);
UNIFORM(14, int, channels);

// The place that the flow points to from pixel i.
vec2 place(int i) {
	return vec2(i % outWidth, i / outWidth) + vec2(flow[flow_at + i], flow[flow_at + i + outHeight * outWidth]);
}

// A place between the pixel at column and row first and the next ones, how far it
// is from the first, and whether it moves with the flow.
struct Sample { ivec2 first; vec2 from; bvec2 moves; };

Sample locate(vec2 p) {
	bvec2 moves = bvec2(true);
#ifdef EDGE
	vec2 last = vec2(width - 1, height - 1);
	moves = bvec2(p.x > 0.0 && p.x < last.x, p.y > 0.0 && p.y < last.y);
	p = vec2(p.x > 0.0 ? min(p.x, last.x) : 0.0, p.y > 0.0 ? min(p.y, last.y) : 0.0);
#else
	if (!(p.x >= -1.0 && p.x < float(width) && p.y >= -1.0 && p.y < float(height))) p = vec2(-2.0);
#endif
	vec2 low = floor(p);
	return Sample(ivec2(low), p - low, moves);
}

#if !defined(RANGES) && !defined(MASK)
// The pixel at a column and row of the plane that begins at index plane.
float pixel(int plane, int column, int row) {
	bool inside = column >= 0 && column < width && row >= 0 && row < height;
	return inside ? x[x_at + plane + row * width + column] : 0.0;
}
#endif

// blend is mix without its cancellation.
float blend(float a, float b, float t) { return a * (1.0 - t) + b * t; }

void put(int i, float v) { dst[dst_at + i] = accumulate ? dst[dst_at + i] + v : v; }

#if defined(IMAGE)
void main() {
	int at = thread();
	if (at >= count) return;
	int row = at % height, base = dst_at + at * width, area = outHeight * outWidth;
	if (!accumulate) for (int i = 0; i < width; i++) dst[base + i] = 0.0;
	for (int i = 0; i < outHeight; i++) {
		if (float(row) < ranges[ranges_at + 2 * i] || float(row) > ranges[ranges_at + 2 * i + 1]) continue;
		for (int j = i * outWidth; j < (i + 1) * outWidth; j++) {
			Sample s = locate(place(j));
			if (s.first.y != row && s.first.y + 1 != row) continue;
			float g = x[x_at + at / height * area + j] * (s.first.y == row ? 1.0 - s.from.y : s.from.y);
			if (s.first.x >= 0 && s.first.x < width) dst[base + s.first.x] += g * (1.0 - s.from.x);
			if (s.first.x + 1 >= 0 && s.first.x + 1 < width) dst[base + s.first.x + 1] += g * s.from.x;
		}
	}
}
#elif defined(RANGES)
void main() {
	int row = thread();
	if (row >= count) return;
	int first = height, last = -1;
	for (int j = row * outWidth; j < (row + 1) * outWidth; j++) {
		Sample s = locate(place(j));
		if (s.first.x < -1) continue;
		first = min(first, s.first.y);
		last = max(last, s.first.y + 1);
	}
	dst[dst_at + 2 * row] = float(first);
	dst[dst_at + 2 * row + 1] = float(last);
}
#elif defined(FLOW)
void main() {
	int area = outHeight * outWidth;
	EACH(i, count) {
		Sample s = locate(place(i));
		vec2 g = vec2(0.0);
		for (int c = 0; c < channels; c++) {
			int plane = c * height * width;
			float v00 = pixel(plane, s.first.x, s.first.y), v01 = pixel(plane, s.first.x + 1, s.first.y);
			float v10 = pixel(plane, s.first.x, s.first.y + 1), v11 = pixel(plane, s.first.x + 1, s.first.y + 1);
			g += dy[dy_at + c * area + i] * vec2(blend(v01 - v00, v11 - v10, s.from.y), blend(v10 - v00, v11 - v01, s.from.x));
		}
		put(i, s.moves.x ? g.x : 0.0);
		put(i + area, s.moves.y ? g.y : 0.0);
	}
}
#elif defined(MASK)
void main() {
	EACH(i, count) {
		vec2 p = place(i);
		bool inside = p.x >= 0.0 && p.x <= float(width - 1) && p.y >= 0.0 && p.y <= float(height - 1);
		dst[dst_at + i] = inside ? 1.0 : 0.0;
	}
}
#else
void main() {
	int area = outHeight * outWidth;
	EACH(i, count) {
		Sample s = locate(place(i % area));
		int plane = i / area * height * width;
		float above = blend(pixel(plane, s.first.x, s.first.y), pixel(plane, s.first.x + 1, s.first.y), s.from.x);
		float below = blend(pixel(plane, s.first.x, s.first.y + 1), pixel(plane, s.first.x + 1, s.first.y + 1), s.from.x);
		dst[dst_at + i] = blend(above, below, s.from.y);
	}
}
#endif
