// The gradient of weight*mean((a-b)²): da (+)= dloss*scale*(a-b), where scale
// is 2*weight/len. The loss itself is reduce.comp's.
TARGET(0, da);
SOURCE(1, dloss);
ALIASED(2, a);
ALIASED(3, b);
UNIFORM(8, int, count);
UNIFORM(9, float, scale);
UNIFORM(10, bool, accumulate);

void main() {
	float factor = dloss[dloss_at] * scale;
	EACH(i, count) {
		float v = factor * (a[a_at + i] - b[b_at + i]);
		da[da_at + i] = accumulate ? da[da_at + i] + v : v;
	}
}
