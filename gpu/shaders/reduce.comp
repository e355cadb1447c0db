// Sums along rows, each in parts:
//
//	dst[r*parts + t] (+)= scale * sum over i = t, t+parts, ... of f(row r, column i)
//
// where f is x, x² with SQUARES, or (x-y)² with DIFFERENCES. Every sum has one
// order. Element i of row r is at index r*rowStep + i*columnStep. A thread makes a
// part; with SHARED a group does, of the columns t*share to (t+1)*share. With ACROSS, for
// rows whose elements lie apart, a group makes 8 whole rows, 8 threads each.
TARGET(0, dst);
SOURCE(1, x);
#ifdef DIFFERENCES
SOURCE(2, y);
#endif
UNIFORM(8, int, rows);
UNIFORM(9, int, columns);
UNIFORM(10, int, rowStep);
UNIFORM(11, int, columnStep);
UNIFORM(12, int, parts);
UNIFORM(13, float, scale);
UNIFORM(14, bool, accumulate);

float f(int i) {
	float v = x[x_at + i];
#if defined(SQUARES)
	v *= v;
#elif defined(DIFFERENCES)
	v -= y[y_at + i];
	v *= v;
#endif
	return v;
}

void store(int at, float sum) {
	sum *= scale;
	dst[dst_at + at] = accumulate ? dst[dst_at + at] + sum : sum;
}

#ifdef SHARED
shared float room[64];

// gather sums every step'th element of a row from i until last.
float gather(int row, int i, int last, int step) {
	vec4 sums = vec4(0.0); // of loads that do not wait for each other
	for (; i + 3 * step < last; i += 4 * step) {
		int from = row + i * columnStep, next = step * columnStep;
		sums += vec4(f(from), f(from + next), f(from + 2 * next), f(from + 3 * next));
	}
	for (; i < last; i += step) sums.x += f(row + i * columnStep);
	return sums.x + sums.y + (sums.z + sums.w);
}
#endif

#if defined(ACROSS)
void main() {
	int r = group() * 8 + lane() % 8; // neighboring threads load from neighboring rows
	room[lane()] = r < rows ? gather(r * rowStep, lane() / 8, columns, 8) : 0.0;
	for (int half_ = 32; half_ >= 8; half_ /= 2) {
		barrier();
		if (lane() < half_) room[lane()] += room[lane() + half_];
	}
	if (lane() < 8 && r < rows) store(r, room[lane()]);
}
#elif defined(SHARED)
void main() {
	int at = group(), share = (columns + parts - 1) / parts;
	int first = at % parts * share;
	float sum = gather(at / parts * rowStep, first + lane(), min(first + share, columns), 64);
	SUM_GROUP(sum, room);
	if (lane() == 0) store(at, sum);
}
#else
void main() {
	int at = thread();
	if (at >= rows * parts) return;
	int row = at / parts * rowStep;
	float sum = 0.0;
	for (int i = at % parts; i < columns; i += parts) sum += f(row + i * columnStep);
	store(at, sum);
}
#endif
