package plain

import "math"

// Adam does what the function of that name in f32 says.
func Adam(w, m, v, grad []float32, beta1, beta2, rest1, rest2, eps, stepSize, invSqrtCorr2 float32) {
	m, v, grad = m[:len(w)], v[:len(w)], grad[:len(w)]
	for i, d := range grad {
		m[i] = beta1*m[i] + rest1*d
		v[i] = beta2*v[i] + rest2*d*d
		w[i] -= stepSize * m[i] / (float32(math.Sqrt(float64(v[i])))*invSqrtCorr2 + eps)
	}
}
