package f32

import "math"

// Adam makes one step of Adam (Kingma and Ba, arXiv:1412.6980) on the len(w)
// parameters w with moments m and v and gradient g:
//
//	m = beta1*m + rest1*g
//	v = beta2*v + rest2*g*g
//	w -= stepSize * m / (sqrt(v)*invSqrtCorr2 + eps)
//
// rest1 is 1-beta1 and rest2 is 1-beta2, but rounded once, as PyTorch has them:
// in float32, 1-0.999 is off by 1e-5.
func Adam(w, m, v, g []float32, beta1, beta2, rest1, rest2, eps, stepSize, invSqrtCorr2 float32) {
	need(min(len(m), len(v), len(g)) >= len(w), "Adam")
	for len(w) > 0 {
		n := min(len(w), chunk/4)
		adam(w[:n], m, v, g, beta1, beta2, rest1, rest2, eps, stepSize, invSqrtCorr2)
		w, m, v, g = w[n:], m[n:], v[n:], g[n:]
	}
}

func adamGeneric(w, m, v, grad []float32, beta1, beta2, rest1, rest2, eps, stepSize, invSqrtCorr2 float32) {
	m, v, grad = m[:len(w)], v[:len(w)], grad[:len(w)]
	for i, d := range grad {
		m[i] = beta1*m[i] + rest1*d
		v[i] = beta2*v[i] + rest2*d*d
		w[i] -= stepSize * m[i] / (float32(math.Sqrt(float64(v[i])))*invSqrtCorr2 + eps)
	}
}
