package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// charbonniers are the values sqrt((a-b)²+eps²), chunk by chunk.
type charbonniers struct {
	a, b []float32
	eps  float32
}

func (t *charbonniers) sum(i int) (sum float64) {
	from, to := chunkOf(i, len(t.a))
	return sumHypot(t.a[from:to], t.b[from:to], t.eps)
}

// sumHypot returns the sum of sqrt((a-b)²+eps²).
func sumHypot(a, b []float32, eps float32) (sum float64) {
	b = b[:len(a)]
	for i, v := range a {
		sum += float64(hypot(v-b[i], eps))
	}
	return sum
}

// hypot returns sqrt(d²+eps²), whose squares neither overflow nor vanish.
func hypot(d, eps float32) float32 {
	s := float64(d)*float64(d) + float64(eps)*float64(eps)
	return float32(math.Sqrt(s))
}

// Charbonnier sets dst = weight * mean(sqrt((x-y)² + eps²)).
func (b *Backend) Charbonnier(dst, x, y backend.Buffer, weight, eps float32) {
	l, r := of(x), of(y)
	b.arrange(r, l.blocked)
	t := own[charbonniers](b)
	*t = charbonniers{l.data, r.data, eps}
	setMean(of(dst), b.sum(chunks(len(t.a)), t), weight, len(t.a))
}

type charbonnierGradTask struct {
	da, a, b []float32
	c, eps   float32
	add      bool
}

func (t *charbonnierGradTask) do(i, _ int) {
	from, to := chunkOf(i, len(t.a))
	da, a, b := t.da[from:to], t.a[from:to], t.b[from:to]
	for i, v := range a {
		var g float32
		if d := v - b[i]; d != 0 {
			g = t.c * (d / hypot(d, t.eps))
		}
		if t.add {
			g += da[i]
		}
		da[i] = g
	}
}

// CharbonnierGrad computes da = dloss * weight * (x-y)/sqrt((x-y)²+eps²)/len(x).
func (b *Backend) CharbonnierGrad(da, dloss, x, y backend.Buffer, weight, eps float32, add bool) {
	l, r := of(x), of(y)
	b.arrange(r, l.blocked)
	c := float64(of(dloss).data[0]) * float64(weight) / float64(len(l.data))
	t := own[charbonnierGradTask](b)
	*t = charbonnierGradTask{b.target(da, l, add).data, l.data, r.data, float32(c), eps, add}
	b.run(chunks(len(t.a)), t)
}
