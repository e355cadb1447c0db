package cpu

// direction says which convolution weights are transformed for.
type direction int

const (
	forward direction = iota
	backward
)

// weightTask transforms weights: U = G g Gᵀ, in float64, as [out/32][frequency][in][32].
type weightTask struct {
	u, w      []float32
	k, c      int // of the forward convolution
	in, out   int
	direction direction
}

// winogradWeights returns the transformed weights, kept with w if it is frozen.
func (b *Backend) winogradWeights(w *buffer, d direction) []float32 {
	n := frequencies * w.shape[0] * w.shape[1]
	var u []float32
	if w.frozen {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.derived[d] != nil {
			return w.derived[d]
		}
		u = alignedFloats(n)
		w.derived[d] = u
	} else {
		u = b.shared.floats(slotLocal, n)
	}
	t := &b.ops.weights
	*t = weightTask{u: u, w: w.data, k: w.shape[0], c: w.shape[1], in: w.shape[1], out: w.shape[0], direction: d}
	if d == backward {
		t.in, t.out = t.out, t.in
	}
	b.run(t.in, t)
	return u
}

// kernelMatrix is G of F(4x4,3x3).
var kernelMatrix = [tileIn][3]float64{
	{1. / 4, 0, 0}, {-1. / 6, -1. / 6, -1. / 6}, {-1. / 6, 1. / 6, -1. / 6},
	{1. / 24, 1. / 12, 1. / 6}, {1. / 24, -1. / 12, 1. / 6}, {0, 0, 1},
}

// do transforms the weights of one input channel.
func (t *weightTask) do(in, _ int) {
	for o := range t.out {
		first := o / outBlock * outBlock
		cols := min(outBlock, t.out-first)
		u := t.u[first*t.in*frequencies+in*cols+o%outBlock:]
		var g [9]float32
		if t.direction == forward {
			copy(g[:], t.w[(o*t.c+in)*9:])
		} else {
			for i, v := range t.w[(in*t.c+o)*9:][:9] {
				g[8-i] = v
			}
		}
		var half [tileIn][3]float64
		for i, r := range kernelMatrix {
			for j := range 3 {
				half[i][j] = r[0]*float64(g[j]) + r[1]*float64(g[3+j]) + r[2]*float64(g[6+j])
			}
		}
		for i := range tileIn {
			h := &half[i]
			for j, r := range kernelMatrix {
				u[(i*tileIn+j)*t.in*cols] = float32(h[0]*r[0] + h[1]*r[1] + h[2]*r[2])
			}
		}
	}
}
