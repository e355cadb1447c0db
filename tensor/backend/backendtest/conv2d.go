package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// convRow is a convolution to test.
type convRow struct {
	x           backend.Shape
	out, kh, kw int
	conv        backend.Conv
}

func (r convRow) weight() backend.Shape { return backend.Shape{r.out, r.x[1], r.kh, r.kw} }

// legal says whether the kernel fits the padded input.
func (r convRow) legal() bool {
	return r.x[2]+2*r.conv.Pad >= r.kh && r.x[3]+2*r.conv.Pad >= r.kw
}

// work returns the number of multiplications.
func (r convRow) work() int { return r.conv.Out(r.x, r.weight()).Len() * r.x[1] * r.kh * r.kw }

var conv2dOp = operation{
	name: "Conv2d",
	table: func(g *gen) []call {
		return each([]convRow{
			// The style network's layers on small images.
			{backend.Shape{1, 3, 20, 29}, 8, 9, 9, backend.Conv{Stride: 1}},
			{backend.Shape{2, 8, 18, 27}, 16, 3, 3, backend.Conv{Stride: 2}},
			{backend.Shape{2, 16, 17, 23}, 32, 3, 3, backend.Conv{Stride: 2}},
			{backend.Shape{1, 32, 12, 19}, 32, 3, 3, backend.Conv{Stride: 1}},
			{backend.Shape{1, 8, 18, 25}, 3, 9, 9, backend.Conv{Stride: 1}},
			{backend.Shape{1, 3, 11, 67}, 32, 9, 9, backend.Conv{Stride: 1}},
			// 9x9 kernels on images high enough for several tiles of 9 rows, and the
			// rows that are left.
			{backend.Shape{1, 3, 45, 14}, 8, 9, 9, backend.Conv{Stride: 1}},
			{backend.Shape{2, 8, 38, 9}, 3, 9, 9, backend.Conv{Stride: 1, Pad: 4}},
			{backend.Shape{1, 5, 49, 10}, 7, 9, 9, backend.Conv{Stride: 1}},
			{backend.Shape{1, 3, 40, 10}, 32, 9, 3, backend.Conv{Stride: 1, Pad: 2}},
			// VGG's: zero padding, many channels.
			{backend.Shape{2, 3, 14, 22}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 64, 12, 13}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 128, 6, 7}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 256, 3, 2}, 128, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 512, 2, 2}, 64, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{4, 16, 8, 8}, 16, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			// Tails of channels, rows and columns.
			{backend.Shape{1, 17, 5, 31}, 15, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 15, 16, 16}, 17, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 24, 7, 9}, 48, 3, 3, backend.Conv{Stride: 1}},
			{backend.Shape{3, 48, 5, 5}, 24, 1, 1, backend.Conv{Stride: 1}},
			{backend.Shape{2, 4, 67, 3}, 3, 3, 3, backend.Conv{Stride: 3, Pad: 2}},
			{backend.Shape{1, 1, 33, 35}, 1, 5, 5, backend.Conv{Stride: 1, Pad: 2}},
			// Padding beyond the kernel, images smaller than it, single outputs.
			{backend.Shape{1, 3, 1, 1}, 4, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{1, 16, 1, 1}, 16, 1, 1, backend.Conv{Stride: 3, Pad: 4}},
			{backend.Shape{2, 3, 2, 5}, 8, 9, 9, backend.Conv{Stride: 2, Pad: 4}},
			{backend.Shape{1, 8, 1, 40}, 17, 3, 3, backend.Conv{Stride: 1, Pad: 1}},
			{backend.Shape{2, 16, 9, 9}, 16, 9, 9, backend.Conv{Stride: 1}},
			{backend.Shape{1, 4, 6, 7}, 4, 3, 3, backend.Conv{Stride: 2, Pad: 3}},
			// Rows left over by the stride, and a kernel that is not square.
			{backend.Shape{1, 16, 8, 10}, 16, 3, 3, backend.Conv{Stride: 2, Pad: 1}},
			{backend.Shape{1, 8, 11, 12}, 32, 1, 1, backend.Conv{Stride: 3}},
			{backend.Shape{1, 3, 9, 11}, 5, 3, 5, backend.Conv{Stride: 1, Pad: 1}},
		}, func(r convRow) []call { return convCalls(g, r) })
	},
	random: func(g *gen) []call {
		for {
			k := g.pick([]int{1, 3, 3, 5, 9})
			r := convRow{g.image(1, 1<<20), g.pick(channels), k, k, backend.Conv{Stride: g.between(1, 3), Pad: g.between(0, 4)}}
			if r.legal() && r.work() < 1<<21 {
				return convCalls(g, r)
			}
		}
	},
}

// convCalls returns the convolution and its gradients, alternately with and
// without a bias.
//
// The number of terms is in*kh*kw plus the bias forward, out*kh*kw for the
// gradient of the input, and N*H*W of the output for those of the parameters.
func convCalls(g *gen, r convRow) []call {
	ws := r.weight()
	ys := r.conv.Out(r.x, ws)
	x, w, dy := g.normal(r.x), g.normal(ws), g.normal(ys)
	forward := call{
		desc: fmt.Sprintf("Conv2d %+v", r.conv),
		in:   []value{x, w},
		out:  []value{g.dest(ys, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.Conv2d(out[0], in[0], in[1], optional(in, 2), r.conv)
		},
		limits: convSums(r.x[1]*r.kh*r.kw + 1),
	}
	if g.flip() {
		forward.in = append(forward.in, g.normal(backend.Vec(r.out)))
	}
	calls := []call{forward}
	for _, add := range []bool{false, true} {
		gradWeight := call{
			desc: adding(fmt.Sprintf("Conv2dGradWeight %+v", r.conv), add),
			in:   []value{x, dy},
			out:  []value{g.dest(ws, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Conv2dGradWeight(out[0], optional(out, 1), in[0], in[1], r.conv, add)
			},
			limits: convSums(ys[0]*ys[2]*ys[3], ys[0]*ys[2]*ys[3]),
		}
		if g.IntN(3) > 0 {
			gradWeight.out = append(gradWeight.out, g.dest(backend.Vec(r.out), add))
		}
		calls = append(calls, gradWeight, call{
			desc: adding(fmt.Sprintf("Conv2dGradInput %+v", r.conv), add),
			in:   []value{dy, w},
			out:  []value{g.dest(r.x, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.Conv2dGradInput(out[0], in[0], in[1], r.conv, add)
			},
			limits: convSums(r.out * r.kh * r.kw),
		})
	}
	return calls
}
