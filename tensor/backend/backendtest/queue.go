package backendtest

import "github.com/impasto-go/impasto/tensor/backend"

func noQueuer(b backend.Backend) string {
	if _, ok := b.(backend.Queuer); ok {
		return ""
	}
	return "backend.Queuer"
}

// queue runs steps that each leave a scalar, never more than two ahead, and reads
// the scalars in one go.
func queue(h *harness) {
	q := h.b.(backend.Queuer)
	const steps = 100
	x := h.b.Alloc(backend.Shape{2, 3, 20, 20})
	scalars := make([]backend.Buffer, steps)
	for i := range scalars {
		scalars[i] = h.b.Alloc(backend.Scalar)
		h.b.Fill(x, float32(i+1))
		h.b.SumSquares(scalars[i], x)
		q.Throttle(i % 3)
	}
	h.b.Fill(scalars[steps/2], nan)
	got, want := make([]float32, steps), make([]float32, steps)
	q.ReadScalars(got, scalars)
	readEach(h.b, want, scalars)
	if err := h.b.Sync(); err != nil {
		h.errorf("Sync: %v", err)
	}
	if !sameBits(got, want) {
		h.errorf("ReadScalars: got %v, Read says %v", got, want)
	}
	for _, buf := range append(scalars, x) {
		h.b.Free(buf)
	}
}

// readEach reads scalars one by one.
func readEach(b backend.Backend, dst []float32, src []backend.Buffer) {
	for i, s := range src {
		b.Read(dst[i:i+1], s)
	}
}
