// Sums along rows, each by several threads:
//
//	dst[r*parts + t] (+)= scale * sum over i = t, t+parts, ... of f(row r, column i)
//
// where f is x, x² with SQUARES, or (x-y)² with DIFFERENCES. Every sum has one
// order. Element i of row r is at index r*rowStep + i*columnStep.
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

void main() {
	int at = thread();
	if (at >= rows * parts) return;
	int row = at / parts * rowStep;
	float sum = 0.0;
	for (int i = at % parts; i < columns; i += parts) {
		float v = x[x_at + row + i * columnStep];
#if defined(SQUARES)
		v *= v;
#elif defined(DIFFERENCES)
		v -= y[y_at + row + i * columnStep];
		v *= v;
#endif
		sum += v;
	}
	sum *= scale;
	dst[dst_at + at] = accumulate ? dst[dst_at + at] + sum : sum;
}
