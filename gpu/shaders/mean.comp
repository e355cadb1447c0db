// The gradient of weight*mean(x): dx (+)= dloss*scale, where scale is weight/len.
// The mean itself is reduce.comp's.
TARGET(0, dx);
SOURCE(1, dloss);
UNIFORM(8, int, count);
UNIFORM(9, float, scale);
UNIFORM(10, bool, accumulate);

void main() {
	float v = dloss[dloss_at] * scale;
	EACH(i, count) dx[dx_at + i] = accumulate ? dx[dx_at + i] + v : v;
}
