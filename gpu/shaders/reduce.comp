// Sums along rows, each in parts:
//
//	dst[r*parts + t] (+)= scale * sum over i = t, t+parts, ... of f(row r, column i)
//
// where f is x, x² with SQUARES, or (x-y)² with DIFFERENCES. Every sum has one
// order. Element i of row r is at index r*rowStep + i*columnStep. A thread makes a
// part; with SHARED a group does, of the columns t*share to (t+1)*share.
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

void main() {
	int at = group(), share = (columns + parts - 1) / parts;
	int row = at / parts * rowStep, first = at % parts * share, last = min(first + share, columns);
	vec4 sums = vec4(0.0); // of loads that do not wait for each other
	int i = first + lane();
	for (; i + 192 < last; i += 256) {
		int from = row + i * columnStep, next = 64 * columnStep;
		sums += vec4(f(from), f(from + next), f(from + 2 * next), f(from + 3 * next));
	}
	for (; i < last; i += 64) sums.x += f(row + i * columnStep);
	float sum = sums.x + sums.y + (sums.z + sums.w);
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
