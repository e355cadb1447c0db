package selftest

import "github.com/impasto-go/impasto/tensor/backend"

// What follows runs blocks in one call where the backend can, and from single
// operations where not.

// source returns x upsampled and padded as g says. It belongs to the caller.
func source(b backend.Backend, x backend.Buffer, g backend.ConvBlock) backend.Buffer {
	s := x.Shape()
	up := b.Alloc(backend.Shape{s[0], s[1], s[2] * g.Upsample, s[3] * g.Upsample})
	defer b.Free(up)
	b.Upsample(up, x, g.Upsample)
	padded := b.Alloc(paddedShape(x, g))
	b.ReflectPad(padded, up, g.Pad)
	return padded
}

func paddedShape(x backend.Buffer, g backend.ConvBlock) backend.Shape {
	s := x.Shape()
	return backend.Shape{s[0], s[1], s[2]*g.Upsample + 2*g.Pad, s[3]*g.Upsample + 2*g.Pad}
}

// masked returns dy where y is positive. It belongs to the caller.
func masked(b backend.Backend, dy, y backend.Buffer, g backend.ConvBlock) backend.Buffer {
	m := b.Alloc(dy.Shape())
	if g.ReLU {
		b.ReLUGrad(m, dy, y, false)
	} else {
		b.Axpy(m, dy, 1, false)
	}
	return m
}

func convBlock(b backend.Backend, dst, x, w, bias backend.Buffer, g backend.ConvBlock) {
	if f, ok := b.(backend.ConvFuser); ok {
		f.ConvBlock(dst, x, w, bias, g)
		return
	}
	padded := source(b, x, g)
	defer b.Free(padded)
	b.Conv2d(dst, padded, w, bias, backend.Conv{Stride: g.Stride})
	if g.ReLU {
		b.ReLU(dst, dst)
	}
}

// normInPlace normalizes x, which a backend may put off.
func normInPlace(b backend.Backend, x, mean, rstd, gamma, beta backend.Buffer, g backend.NormBlock) {
	if f, ok := b.(backend.NormFuser); ok {
		f.NormBlock(x, mean, rstd, x, gamma, beta, nil, g)
		return
	}
	y := b.Alloc(x.Shape())
	defer b.Free(y)
	b.InstanceNorm(y, mean, rstd, x, gamma, beta, g.Eps)
	b.Axpy(x, y, 1, false)
	if g.ReLU {
		b.ReLU(x, x)
	}
}

func gradInput(b backend.Backend, dx, dy, y, w backend.Buffer, g backend.ConvBlock) {
	if f, ok := b.(backend.ConvFuser); ok {
		f.ConvBlockGradInput(dx, dy, y, w, g, true)
		return
	}
	m, padded := masked(b, dy, y, g), b.Alloc(paddedShape(dx, g))
	defer b.Free(m)
	defer b.Free(padded)
	b.Conv2dGradInput(padded, m, w, backend.Conv{Stride: g.Stride}, false)
	s := dx.Shape()
	up := b.Alloc(backend.Shape{s[0], s[1], s[2] * g.Upsample, s[3] * g.Upsample})
	defer b.Free(up)
	b.ReflectPadGrad(up, padded, g.Pad, false)
	b.UpsampleGrad(dx, up, g.Upsample, true)
}

func gradWeight(b backend.Backend, dw, dbias, x, dy, y backend.Buffer, g backend.ConvBlock) {
	if f, ok := b.(backend.ConvFuser); ok {
		f.ConvBlockGradWeight(dw, dbias, x, dy, y, g, true)
		return
	}
	m, padded := masked(b, dy, y, g), source(b, x, g)
	defer b.Free(m)
	defer b.Free(padded)
	b.Conv2dGradWeight(dw, dbias, padded, m, backend.Conv{Stride: g.Stride}, true)
}
