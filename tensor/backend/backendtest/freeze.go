package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

func noFreezer(b backend.Backend) string {
	if _, ok := b.(backend.Freezer); ok {
		return ""
	}
	return "backend.Freezer"
}

// freeze checks that a frozen weight gives the results of an ordinary one, before
// and after it gets new values by Write and as the destination of operations.
func freeze(h *harness) {
	g := newGen("Freeze")
	for _, r := range []convRow{
		{backend.Shape{1, 3, 12, 13}, 16, 9, 9, backend.Conv{Stride: 1, Pad: 4}},
		{backend.Shape{2, 16, 14, 11}, 32, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{1, 64, 8, 9}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
		{backend.Shape{1, 17, 9, 9}, 15, 3, 3, backend.Conv{Stride: 2, Pad: 1}},
	} {
		for _, change := range []struct {
			name string
			do   func(b backend.Backend, w, other backend.Buffer)
		}{
			{"no change", func(backend.Backend, backend.Buffer, backend.Buffer) {}},
			{"Add", func(b backend.Backend, w, other backend.Buffer) { b.Add(w, w, other) }},
			{"Axpy", func(b backend.Backend, w, other backend.Buffer) { b.Axpy(w, other, 0.5, true) }},
			{"Fill", func(b backend.Backend, w, _ backend.Buffer) { b.Fill(w, 0.25) }},
			{"Write", func(b backend.Backend, w, other backend.Buffer) {
				data := make([]float32, other.Shape().Len())
				b.Read(data, other)
				b.Write(w, data)
			}},
			{"Free and Alloc", func(b backend.Backend, w, other backend.Buffer) {
				again := upload(b, []value{g.normal(w.Shape())})
				freezeBuffer(b, again[0])
				b.Free(again[0])
			}},
		} {
			h.check(frozenCall(g, r, change.name, change.do))
		}
	}
}

// frozenCall convolves forward and backward with a frozen weight, changes it,
// and does so again. The roundings of a changed weight are a negligible part of
// the sums'.
func frozenCall(g *gen, r convRow, name string, change func(b backend.Backend, w, other backend.Buffer)) *call {
	ws := r.weight()
	ys := r.conv.Out(r.x, ws)
	forward, backward := r.x[1]*r.kh*r.kw+2, r.out*r.kh*r.kw+1
	return &call{
		desc: fmt.Sprintf("Conv2d %+v with a frozen weight, %s", r.conv, name),
		in:   []value{g.normal(r.x), g.normal(ys), g.normal(ws), g.normal(ws)},
		out:  []value{g.dest(ys, false), g.dest(r.x, false), g.dest(ys, false), g.dest(r.x, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			x, dy, other := in[0], in[1], in[3]
			w := b.Alloc(ws)
			b.Axpy(w, in[2], 1, false)
			freezeBuffer(b, w)
			b.Conv2d(out[0], x, w, nil, r.conv)
			b.Conv2dGradInput(out[1], dy, w, r.conv, false)
			change(b, w, other)
			b.Conv2d(out[2], x, w, nil, r.conv)
			b.Conv2dGradInput(out[3], dy, w, r.conv, false)
			b.Free(w)
		},
		limits: convSums(forward, backward, forward, backward),
	}
}

func freezeBuffer(b backend.Backend, buf backend.Buffer) {
	if f, ok := b.(backend.Freezer); ok {
		f.Freeze(buf)
	}
}
