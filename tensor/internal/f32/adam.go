package f32

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
