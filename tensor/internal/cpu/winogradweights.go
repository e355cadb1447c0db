package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

// direction says which convolution weights are transformed for.
type direction int

const (
	forward direction = iota
	backward
)

// winogradWeights are the weights of a Winograd convolution with in input and out
// output channels, in one of two forms.
type winogradWeights struct {
	in, out int
	// u is transformed, [out/32][frequency][in][32], with frequencies apart: four
	// times the size of the weights.
	u []float32
	// packed is not, [out/16][in][9][16]: for weights that would crowd the memory,
	// and that parts with many tiles transform as they go.
	packed []float32
}

// largeWeights is the number of weights from which on they stay packed.
const largeWeights = 9 * 256 * 512

// block returns the transformed weights of cols output channels from k on and the
// distance of frequencies. Packed weights are transformed into the worker's
// scratch.
func (w *winogradWeights) block(k, cols int, s *scratch) (u []float32, fs int) {
	fs = apart(w.in * cols)
	if w.u != nil {
		return w.u[w.offset(k):], fs
	}
	u = s.floats(slotWeights, frequencies*fs)
	w.transform(u, k, cols)
	return u, fs
}

// offset returns where the block of output channels from k on lies in u.
func (w *winogradWeights) offset(k int) int { return k / outBlock * frequencies * apart(w.in*outBlock) }

// transform writes the weights of cols output channels from k on to u.
func (w *winogradWeights) transform(u []float32, k, cols int) {
	for o := 0; o < cols; o += f32.Lanes {
		f32.WinogradWeights(u[o:], apart(w.in*cols), cols, w.packed[(k+o)*w.in*9:], w.in)
	}
}

// winogradWeights returns the weights of a convolution's direction. What comes of
// frozen ones is kept with them.
func (b *Backend) winogradWeights(w *buffer, d direction) winogradWeights {
	in, out := w.shape[1], w.shape[0]
	if d == backward {
		in, out = out, in
	}
	r := winogradWeights{in: in, out: out}
	if !w.frozen {
		r.packed = b.shared.floats(slotLocal, len(w.data))
		b.pack(r, w.data, d)
		if len(w.data) < largeWeights {
			r.u = b.shared.floats(slotWeights, r.size())
			b.transformWeights(r)
		}
		return r
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if kept := w.derived[d]; kept.in != 0 {
		return kept
	}
	r.packed = alignedFloats(len(w.data))
	b.pack(r, w.data, d)
	if len(w.data) < largeWeights {
		r.u = alignedFloats(r.size())
		b.transformWeights(r)
		r.packed = nil
	}
	w.derived[d] = r
	return r
}

// size returns the length of u.
func (w *winogradWeights) size() int {
	return (w.out + outBlock - 1) / outBlock * frequencies * apart(w.in*outBlock)
}

// packTask packs the weights of 16 output channels per part, or transforms those
// of 32.
type packTask struct {
	winogradWeights
	w         []float32 // of the forward convolution, [K][C][3][3]; nil to transform
	direction direction
}

func (b *Backend) pack(r winogradWeights, w []float32, d direction) {
	t := &b.ops.pack
	*t = packTask{r, w, d}
	b.run(r.out/f32.Lanes, t)
}

func (b *Backend) transformWeights(r winogradWeights) {
	t := &b.ops.pack
	*t = packTask{winogradWeights: r}
	b.run((r.out+outBlock-1)/outBlock, t)
}

func (t *packTask) do(i, _ int) {
	if t.w == nil {
		k := i * outBlock
		t.transform(t.u[t.offset(k):], k, min(outBlock, t.out-k))
		return
	}
	to := t.packed[i*f32.Lanes*t.in*9:][:f32.Lanes*t.in*9]
	for l := range f32.Lanes {
		o := i*f32.Lanes + l
		for c := range t.in {
			at := to[c*9*f32.Lanes+l:]
			if t.direction == forward {
				for q, v := range t.w[(o*t.in+c)*9:][:9] {
					at[q*f32.Lanes] = v
				}
				continue
			}
			// The gradient of the input convolves with the kernel turned around.
			for q, v := range t.w[(c*t.out+o)*9:][:9] {
				at[(8-q)*f32.Lanes] = v
			}
		}
	}
}
