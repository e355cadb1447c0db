package backendtest

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// chain runs a small network forward and backward without reading anything in
// between, so that each operation meets its operands as the one before left
// them, whatever their layout, and buffers are freed while work may be pending.
// The result's relative L2 error is bounded by 1e-4, two hundred times the
// rounding error of float32 for some ten layers with two normalizations; the
// operations' own limits are tested one by one. Backends that fuse run one of blocks,
// too.
func chain(h *harness) {
	_, convs := h.b.(backend.ConvFuser)
	_, norms := h.b.(backend.NormFuser)
	for _, width := range []int{3, 16, 24, 40} {
		runChain(h, chainCall(newGen("Chain"), width), width)
		if convs && norms {
			runChain(h, blockChainCall(newGen("Chain"), width), width)
		}
	}
	if err := h.b.Sync(); err != nil {
		h.errorf("Sync: %v", err)
	}
}

func runChain(h *harness, c call, width int) {
	h.poison(&c)
	got, again, want := h.eval(h.b, &c), h.eval(h.b, &c), c.expect()
	for o := range min(len(got), len(again)) {
		errSq, sumSq := 0.0, 0.0
		for i, w := range want[o] {
			d := float64(got[o][i]) - float64(w)
			errSq, sumSq = errSq+d*d, sumSq+float64(w)*float64(w)
		}
		if rel := math.Sqrt(errSq / sumSq); !(rel <= 1e-4) {
			h.errorf("%v: width %d, result %d: relative L2 error %.3g", &c, width, o, rel)
		}
		if !sameBits(got[o], again[o]) {
			h.errorf("%v: width %d, result %d of a second run is different", &c, width, o)
		}
	}
}

// blockChainCall is what networks that only stylize are made of: convolutions, plain,
// strided and upsampled, of what was normalized in place, which a backend may do later;
// normalizations with such a residual; and one that is added.
func blockChainCall(g *gen, width int) call {
	xs, fs := backend.Shape{2, 3, 12, 16}, backend.Shape{2, width, 12, 16}
	half, ys := backend.Shape{2, width, 6, 8}, backend.Shape{2, width + 1, 12, 16}
	w := func(outputs, inputs, size int) value {
		return g.scaled(backend.Shape{outputs, inputs, size, size}, 0, 0.2)
	}
	run := func(b backend.Backend, out, in []backend.Buffer,
		conv func(dst, x, w, bias backend.Buffer, g backend.ConvBlock),
		norm func(dst, x, residual backend.Buffer, g backend.NormBlock)) {
		x := in[0]
		block := func(stride, pad, up int, reflect bool) backend.ConvBlock {
			return backend.ConvBlock{Conv: backend.Conv{Stride: stride, Pad: pad}, Reflect: reflect, Upsample: up}
		}
		a, c, e, f := b.Alloc(fs), b.Alloc(half), b.Alloc(half), b.Alloc(fs)
		conv(a, x, in[1], nil, block(1, 4, 1, true))
		norm(a, a, nil, backend.NormBlock{Eps: normEps, ReLU: true})
		conv(c, a, in[2], nil, block(2, 1, 1, false))
		norm(c, c, nil, backend.NormBlock{Eps: normEps})
		conv(e, c, in[2], nil, block(1, 1, 1, false))
		norm(e, e, c, backend.NormBlock{Eps: normEps, Alpha: 2})
		b.Add(e, e, c)
		b.Free(c)
		conv(f, e, in[3], nil, block(1, 1, 2, true))
		b.Free(e)
		norm(f, f, a, backend.NormBlock{Eps: normEps, ReLU: true, Alpha: 1})
		norm(f, f, nil, backend.NormBlock{Eps: normEps})
		b.Free(a)
		conv(out[0], f, in[4], nil, block(1, 1, 1, true))
		b.Free(f)
	}
	stats := func(b backend.Backend) (mean, rstd backend.Buffer) {
		s := backend.Shape{2, width, 1, 1}
		return b.Alloc(s), b.Alloc(s)
	}
	return call{
		desc: "chain of blocks",
		in:   []value{g.normal(xs), w(width, 3, 9), w(width, width, 3), w(width, width, 3), w(width+1, width, 3), g.normal(backend.Vec(width)), g.normal(backend.Vec(width))},
		out:  []value{g.dest(ys, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			run(b, out, in, b.(backend.ConvFuser).ConvBlock, func(dst, x, residual backend.Buffer, g backend.NormBlock) {
				mean, rstd := stats(b)
				b.(backend.NormFuser).NormBlock(dst, mean, rstd, x, in[5], in[6], residual, g)
				b.Free(mean)
				b.Free(rstd)
			})
		},
		composed: func(b backend.Backend, out, in []backend.Buffer) {
			conv := func(dst, x, w, bias backend.Buffer, g backend.ConvBlock) { composeConv(b, dst, x, w, bias, g) }
			run(b, out, in, conv, func(dst, x, residual backend.Buffer, g backend.NormBlock) {
				y := b.Alloc(x.Shape())
				mean, rstd := stats(b)
				composeNorm(b, []backend.Buffer{y, mean, rstd}, []backend.Buffer{x, in[5], in[6]}, residual, g)
				b.Axpy(dst, y, 1, false)
			})
		},
	}
}

// chainCall is x -> pad, 9x9 convolution, norm, ReLU, upsampling, zero-padded
// convolution, pooling, addition of the features before, Gram matrix, MSE; the
// results are the loss and the gradients of x and of both weights.
func chainCall(g *gen, width int) call {
	xs := backend.Shape{2, 3, 13, 14}
	fs := backend.Shape{2, width, 13, 14}
	us := backend.Shape{2, width, 26, 28}
	gs := backend.Shape{2, 1, width, width}
	first, second := backend.Conv{Stride: 1}, backend.Conv{Stride: 1, Pad: 1}
	w1, w2 := g.scaled(backend.Shape{width, 3, 9, 9}, 0, 0.1), g.scaled(backend.Shape{width, width, 3, 3}, 0, 0.3)
	return call{
		desc: "chain",
		in:   []value{g.normal(xs), w1, w2, g.normal(backend.Vec(width)), g.normal(backend.Vec(width)), g.normal(gs)},
		out:  []value{g.dest(backend.Scalar, false), g.dest(xs, false), g.dest(w1.shape, false), g.dest(w2.shape, false)},
		run: func(b backend.Backend, out, in []backend.Buffer) {
			x, w1, w2, gamma, beta, target := in[0], in[1], in[2], in[3], in[4], in[5]
			ps, stats := backend.Shape{2, 3, 21, 22}, backend.Shape{2, width, 1, 1}
			padded, conv1, mean, rstd, norm := b.Alloc(ps), b.Alloc(fs), b.Alloc(stats), b.Alloc(stats), b.Alloc(fs)
			b.ReflectPad(padded, x, 4)
			b.Conv2d(conv1, padded, w1, nil, first)
			b.InstanceNorm(norm, mean, rstd, conv1, gamma, beta, normEps)
			b.ReLU(norm, norm)
			up, conv2, pool, sum, gram := b.Alloc(us), b.Alloc(us), b.Alloc(fs), b.Alloc(fs), b.Alloc(gs)
			b.Upsample(up, norm, 2)
			b.Conv2d(conv2, up, w2, beta, second)
			b.MaxPool2(pool, conv2)
			b.Add(sum, pool, norm)
			b.Gram(gram, sum)
			b.MSE(out[0], gram, target, 1)

			one, dgram, dsum, dconv2, dup := b.Alloc(backend.Scalar), b.Alloc(gs), b.Alloc(fs), b.Alloc(us), b.Alloc(us)
			b.Fill(one, 1)
			b.MSEGrad(dgram, one, gram, target, 1, false)
			b.GramGrad(dsum, dgram, sum, false)
			b.MaxPool2Grad(dconv2, dsum, conv2, pool, false)
			b.Free(conv2)
			b.Free(pool)
			b.Conv2dGradWeight(out[3], nil, up, dconv2, second, false)
			b.Conv2dGradInput(dup, dconv2, w2, second, false)
			b.Free(dconv2)
			b.UpsampleGrad(dsum, dup, 2, true)
			b.ReLUGrad(dsum, dsum, norm, false)
			dconv1, dgamma, dbeta, dpadded := b.Alloc(fs), b.Alloc(backend.Vec(width)), b.Alloc(backend.Vec(width)), b.Alloc(ps)
			b.InstanceNormGrad(dconv1, dgamma, dbeta, dsum, conv1, mean, rstd, gamma, false, false)
			b.Conv2dGradWeight(out[2], nil, padded, dconv1, first, false)
			b.Conv2dGradInput(dpadded, dconv1, w1, first, false)
			b.ReflectPadGrad(out[1], dpadded, 4, false)
			for _, buf := range []backend.Buffer{
				padded, conv1, mean, rstd, norm, up, sum, gram, one, dgram, dsum, dup, dconv1, dgamma, dbeta, dpadded,
			} {
				b.Free(buf)
			}
		},
	}
}
