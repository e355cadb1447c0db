// One Adam step (Kingma and Ba, arXiv:1412.6980), as PyTorch takes it; GUARDED, none
// while the guard is not finite; CLIPPED, by a gradient of limited norm.
TARGET(0, w);
TARGET(1, m);
TARGET(2, v);
SOURCE(3, g);
#ifdef GUARDED
SOURCE(4, guard);
#define SQUARES_AT 5
#else
#define SQUARES_AT 4
#endif
#ifdef CLIPPED
SOURCE(SQUARES_AT, squares);
#endif
UNIFORM(8, int, count);
UNIFORM(9, float, beta1);
UNIFORM(10, float, beta2);
UNIFORM(11, float, rest1); // 1-beta1, rounded once
UNIFORM(12, float, rest2);
UNIFORM(13, float, eps);
UNIFORM(14, float, stepSize);
UNIFORM(15, float, invSqrtCorrection2);
UNIFORM(16, float, decay);
UNIFORM(17, float, maxNorm);

void main() {
#ifdef GUARDED
	// By its bits: compilers may assume that arithmetic meets no NaN.
	if ((floatBitsToUint(guard[guard_at]) & 0x7f800000u) == 0x7f800000u) return;
#endif
	float scale = 1.0;
#ifdef CLIPPED
	scale = min(1.0, maxNorm / (sqrt(squares[squares_at]) + 1e-6));
#endif
	EACH(i, count) {
		float grad = scale * g[g_at + i];
		float mean = beta1 * m[m_at + i] + rest1 * grad;
		float square = beta2 * v[v_at + i] + rest2 * grad * grad;
		m[m_at + i] = mean;
		v[v_at + i] = square;
		w[w_at + i] -= decay * w[w_at + i] + stepSize * mean / (sqrt(square) * invSqrtCorrection2 + eps);
	}
}
