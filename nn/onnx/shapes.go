package onnx

import "fmt"

func (p padding) shape(in []shape) (shape, error) {
	x := in[0]
	if max(p.top, p.bottom) >= x.h || max(p.left, p.right) >= x.w {
		return x, fmt.Errorf("cannot mirror %d pixels of %dx%d", max(p.top, p.bottom, p.left, p.right), x.w, x.h)
	}
	x.h += p.top + p.bottom
	x.w += p.left + p.right
	return x, nil
}

func (c crop) shape(in []shape) (shape, error) {
	x := in[0]
	if c.y+c.h > x.h || c.x+c.w > x.w {
		return x, fmt.Errorf("cannot take %dx%d pixels of %dx%d", c.w, c.h, x.w, x.h)
	}
	x.h, x.w = c.h, c.w
	return x, nil
}

func (c convolution) shape(in []shape) (shape, error) {
	x := in[0]
	if x.c != c.in {
		return x, fmt.Errorf("input has %d channels, weights are for %d", x.c, c.in)
	}
	if x.h < c.kernel || x.w < c.kernel {
		return x, fmt.Errorf("input of %dx%d is smaller than the kernel", x.w, x.h)
	}
	return shape{c.out, (x.h-c.kernel)/c.stride + 1, (x.w-c.kernel)/c.stride + 1, x.half}, nil
}

func (n instanceNorm) shape(in []shape) (shape, error) {
	if in[0].c != len(n.scale) {
		return in[0], fmt.Errorf("input has %d channels, weights are for %d", in[0].c, len(n.scale))
	}
	return in[0], nil
}

func (relu) shape(in []shape) (shape, error)   { return in[0], nil }
func (clip) shape(in []shape) (shape, error)   { return in[0], nil }
func (affine) shape(in []shape) (shape, error) { return in[0], nil }

func (sum) shape(in []shape) (shape, error) {
	if in[0] != in[1] {
		return in[0], fmt.Errorf("inputs have different shapes: %v and %v", in[0], in[1])
	}
	return in[0], nil
}

func (doubling) shape(in []shape) (shape, error) {
	x := in[0]
	return shape{x.c, 2 * x.h, 2 * x.w, x.half}, nil
}

func (c convert) shape(in []shape) (shape, error) {
	x := in[0]
	x.half = c.half
	return x, nil
}
