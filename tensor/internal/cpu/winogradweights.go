package cpu

import "github.com/impasto-go/impasto/tensor/internal/f32"

// frequencies of F(4x4,3x3): a 6x6 tile of input gives 4x4 outputs.
const (
	frequencies = 36
	tileIn      = 6
	tileOut     = 4
)

// outBlock is how many output channels a matrix product computes.
const outBlock = 2 * f32.Lanes

// apart returns a distance between frequencies with room for n floats: not a
// multiple of the page size, which would crowd all of them into one set of the
// first-level cache.
func apart(n int) int { return n + f32.Lanes }

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
		if len(w.data) < largeWeights {
			r.u = b.shared.floats(slotWeights, r.size())
		}
		b.pack(r, w.data, d)
		return r
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if kept := w.derived[d]; kept.in != 0 {
		return kept
	}
	r.packed = alignedFloats(len(w.data))
	if len(w.data) < largeWeights {
		r.u = alignedFloats(r.size())
	}
	b.pack(r, w.data, d)
	if r.u != nil {
		r.packed = nil
	}
	w.derived[d] = r
	return r
}

// size returns the length of u.
func (w *winogradWeights) size() int {
	return (w.out + outBlock - 1) / outBlock * frequencies * apart(w.in*outBlock)
}

// packTask packs the weights of a block of output channels per part, and transforms
// them if there is room for the result.
type packTask struct {
	winogradWeights
	w         []float32 // of the forward convolution, [K][C][3][3]
	direction direction
}

func (b *Backend) pack(r winogradWeights, w []float32, d direction) {
	t := own[packTask](b)
	*t = packTask{r, w, d}
	b.run((r.out+outBlock-1)/outBlock, t)
}

func (t *packTask) do(i, _ int) {
	k := i * outBlock
	cols := min(outBlock, t.out-k)
	for o := k; o < k+cols; o++ {
		t.packChannel(o)
	}
	if t.u != nil {
		t.transform(t.u[t.offset(k):], k, cols)
	}
}

// packChannel packs the weights of output channel o.
func (t *packTask) packChannel(o int) {
	to := t.packed[o/f32.Lanes*t.in*9*f32.Lanes+o%f32.Lanes:]
	for c := range t.in {
		at := to[c*9*f32.Lanes:]
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
