package backendtest

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

var convBlockOp = operation{
	name: "ConvBlock",
	table: func(g *gen) []call {
		shapes := []struct {
			x   backend.Shape
			out int
		}{
			{backend.Shape{1, 3, 10, 13}, 8}, {backend.Shape{2, 16, 6, 7}, 17}, {backend.Shape{1, 32, 5, 9}, 32}, {backend.Shape{1, 8, 12, 6}, 3},
		}
		var calls []call
		for _, k := range []int{3, 9} {
			for _, b := range blocks(k) {
				for _, s := range shapes {
					if k == 9 && s.out > 8 {
						continue
					}
					calls = append(calls, blockCalls(g, s.x, s.out, k, b)...)
				}
			}
		}
		// As the style network begins and ends, in its size and the default one, but
		// with the other endings.
		block := backend.ConvBlock{Conv: backend.Conv{Stride: 1, Pad: 4}, Reflect: true, Upsample: 1}
		calls = append(calls, blockCalls(g, backend.Shape{1, 8, 41, 8}, 3, 9, block)...)
		block.ReLU = true
		calls = append(calls, blockCalls(g, backend.Shape{1, 3, 37, 11}, 8, 9, block)...)
		calls = append(calls, blockCalls(g, backend.Shape{1, 2, 38, 5}, 32, 9, block)...)
		return calls
	},
	random: func(g *gen) []call {
		for {
			k := g.pick([]int{1, 3, 3, 5, 9})
			b := backend.ConvBlock{
				Conv:    backend.Conv{Stride: g.between(1, 2), Pad: g.between(0, 4)},
				Reflect: g.flip(), Upsample: g.between(1, 2), ReLU: g.IntN(2) == 0,
			}
			r := convRow{g.image(1, 1<<20), g.pick(channels), k, k, b.Conv}
			in := r
			in.x[2], in.x[3] = in.x[2]*b.Upsample, in.x[3]*b.Upsample
			if in.legal() && in.work() < 1<<20 && (!b.Reflect || b.Pad < min(in.x[2], in.x[3])) {
				return blockCalls(g, r.x, r.out, k, b)
			}
		}
	},
	missing: func(b backend.Backend) string {
		if _, ok := b.(backend.ConvFuser); ok {
			return ""
		}
		return "backend.ConvFuser"
	},
}

// blocks returns all combinations of a block's options for a kernel of size k.
func blocks(k int) []backend.ConvBlock {
	var all []backend.ConvBlock
	for _, reflect := range []bool{false, true} {
		for _, upsample := range []int{1, 2} {
			for _, relu := range []bool{false, true} {
				for _, stride := range []int{1, 2} {
					all = append(all, backend.ConvBlock{
						Conv: backend.Conv{Stride: stride, Pad: k / 2}, Reflect: reflect, Upsample: upsample, ReLU: relu,
					})
				}
			}
		}
	}
	return all
}

// blockCalls returns the block and its gradients, against the composition of
// primitives. ReLU does not increase errors. The gradient of the input also
// sums the copies that upsampling and mirroring make of a pixel.
func blockCalls(g *gen, xs backend.Shape, outputs, k int, block backend.ConvBlock) []call {
	ws := backend.Shape{outputs, xs[1], k, k}
	ys := block.Out(xs, ws)
	x, w, bias, dy := g.normal(xs), g.normal(ws), g.normal(backend.Vec(outputs)), g.normal(ys)
	forward := call{
		desc: fmt.Sprintf("ConvBlock %+v", block),
		in:   []value{x, w, bias},
		out:  []value{g.dest(ys, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			b.(backend.ConvFuser).ConvBlock(out[0], in[0], in[1], optional(in, 2), block)
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) {
			composeConv(b, out[0], in[0], in[1], optional(in, 2), block)
		},
		limits: convSums(xs[1]*k*k + 1),
	}
	if g.flip() {
		forward.in = forward.in[:2]
	}
	y := value{ys, forward.expect()[0]}
	calls := []call{forward}
	for _, add := range []bool{false, true} {
		gradWeight := call{
			desc: adding(fmt.Sprintf("ConvBlockGradWeight %+v", block), add),
			in:   []value{x, dy, y},
			out:  []value{g.dest(ws, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.(backend.ConvFuser).ConvBlockGradWeight(out[0], optional(out, 1), in[0], in[1], in[2], block, add)
			},
			composed: func(b backend.Backend, out, in []backend.Buffer) {
				b.Conv2dGradWeight(out[0], optional(out, 1), expand(b, in[0], block), maskGrad(b, in[1], in[2], block), convolution(block), add)
			},
			limits: convSums(ys[0]*ys[2]*ys[3], ys[0]*ys[2]*ys[3]),
		}
		if g.IntN(3) > 0 {
			gradWeight.out = append(gradWeight.out, g.dest(backend.Vec(outputs), add))
		}
		calls = append(calls, gradWeight, call{
			desc: adding(fmt.Sprintf("ConvBlockGradInput %+v", block), add),
			in:   []value{dy, y, w},
			out:  []value{g.dest(xs, add)},
			run: func(b backend.Backend, out, in []backend.Buffer) {
				b.(backend.ConvFuser).ConvBlockGradInput(out[0], in[0], in[1], in[2], block, add)
			},
			composed: func(b backend.Backend, out, in []backend.Buffer) {
				composeConvGradInput(b, out[0], maskGrad(b, in[0], in[1], block), in[2], block, add)
			},
			limits: convSums(outputs * k * k * block.Upsample * block.Upsample * 4),
		})
	}
	return calls
}

// convolution returns the block's convolution without what happens before.
func convolution(block backend.ConvBlock) backend.Conv {
	if block.Reflect {
		return backend.Conv{Stride: block.Stride}
	}
	return block.Conv
}

// composeConv is a ConvBlock made of primitives.
func composeConv(b backend.Backend, dst, x, w, bias backend.Buffer, block backend.ConvBlock) {
	b.Conv2d(dst, expand(b, x, block), w, bias, convolution(block))
	if block.ReLU {
		b.ReLU(dst, dst)
	}
}

// expand returns the input of the block's convolution: x upsampled and mirrored.
func expand(b backend.Backend, x backend.Buffer, block backend.ConvBlock) backend.Buffer {
	up := b.Alloc(upsampledShape(x.Shape(), block))
	b.Upsample(up, x, block.Upsample)
	if !block.Reflect {
		return up
	}
	padded := b.Alloc(paddedShape(up.Shape(), block))
	b.ReflectPad(padded, up, block.Pad)
	return padded
}

// maskGrad returns dy where the block's ReLU let something pass.
func maskGrad(b backend.Backend, dy, y backend.Buffer, block backend.ConvBlock) backend.Buffer {
	if !block.ReLU {
		return dy
	}
	m := b.Alloc(dy.Shape())
	b.ReLUGrad(m, dy, y, false)
	return m
}

// composeConvGradInput is the gradient of x made of primitives.
func composeConvGradInput(b backend.Backend, dx, dy, w backend.Buffer, block backend.ConvBlock, add bool) {
	up := b.Alloc(upsampledShape(dx.Shape(), block))
	if block.Reflect {
		padded := b.Alloc(paddedShape(up.Shape(), block))
		b.Conv2dGradInput(padded, dy, w, convolution(block), false)
		b.ReflectPadGrad(up, padded, block.Pad, false)
	} else {
		b.Conv2dGradInput(up, dy, w, convolution(block), false)
	}
	b.UpsampleGrad(dx, up, block.Upsample, add)
}

func upsampledShape(x backend.Shape, block backend.ConvBlock) backend.Shape {
	return backend.Shape{x[0], x[1], x[2] * block.Upsample, x[3] * block.Upsample}
}

func paddedShape(x backend.Shape, block backend.ConvBlock) backend.Shape {
	return backend.Shape{x[0], x[1], x[2] + 2*block.Pad, x[3] + 2*block.Pad}
}
