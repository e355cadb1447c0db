package backendtest

import (
	"strings"

	"github.com/impasto-go/impasto/tensor/backend"
)

// everyShape returns shapes of images, weights, vectors and Gram matrices.
func everyShape() []backend.Shape {
	shapes := append(images(1), backend.Scalar, backend.Shape{8, 3, 9, 9}, backend.Shape{17, 24, 3, 3},
		backend.Shape{64, 64, 1, 1}, backend.Shape{4, 1, 64, 64}, backend.Shape{2, 1, 17, 17})
	for _, c := range channels {
		shapes = append(shapes, backend.Vec(c), backend.Shape{2, c, 5, 7}, backend.Shape{3, c, 1, 1})
	}
	return shapes
}

// roundTrip checks that Read returns what was written, bit for bit, and that
// buffers alive at the same time are apart.
func roundTrip(h *harness) {
	g := newGen("RoundTrip")
	var values []value
	for _, s := range everyShape() {
		v := g.normal(s)
		for i, special := range []float32{nan, inf, -inf, 1e-42, 0} {
			v.data[(i*7919)%len(v.data)] = special
		}
		values = append(values, v)
	}
	bufs := upload(h.b, values)
	for i, got := range download(h.b, bufs) {
		if bufs[i].Shape() != values[i].shape {
			h.errorf("Alloc(%v): buffer says %v", values[i].shape, bufs[i].Shape())
		}
		if !sameBits(got, values[i].data) {
			h.errorf("%v: Read differs from what was written", values[i].shape)
		}
		h.b.Free(bufs[i])
	}
	if err := h.b.Sync(); err != nil {
		h.errorf("Sync: %v", err)
	}
}

// reuse runs calls of every operation in memory that has been through many shapes
// full of NaN: what a buffer held must not matter, nor what lies beyond its
// elements.
func reuse(h *harness) {
	for _, c := range h.sample() {
		for range 2 {
			for _, s := range []backend.Shape{{1, 16, 9, 9}, {1, 64, 16, 16}, {2, 128, 16, 16}} {
				h.b.Free(upload(h.b, []value{filled(s, nan)})[0])
			}
			h.check(&c)
		}
	}
}

// sample returns a few calls of every method that the backend implements.
func (h *harness) sample() []call {
	const perMethod = 4
	var some []call
	for _, o := range operations() {
		if o.missing != nil && o.missing(h.b) != "" {
			continue
		}
		calls, seen := o.calls(1), make(map[string]int)
		for _, i := range newGen(o.name).Perm(len(calls)) {
			method := strings.Fields(calls[i].desc)[0]
			if seen[method]++; seen[method] <= perMethod {
				some = append(some, calls[i])
			}
		}
	}
	return some
}
