package onnx

import (
	"fmt"
	"math"
)

// value is one image in float64, c planes of h rows of w.
type value struct {
	shape
	data []float64
}

func newValue(s shape) value { return value{s, make([]float64, s.c*s.h*s.w)} }

// plane returns the pixels of channel c.
func (v value) plane(c int) []float64 {
	n := v.h * v.w
	return v.data[c*n : (c+1)*n]
}

// Evaluate runs the model on x, a frame [1, 3, h, w], whatever frame size the model
// declares. It is an interpreter of plain loops in float64, written to be
// obviously right: use it to test small frames. What a graph computes in float16
// is rounded to that after every node, so that what overflows there does here.
func (m *Model) Evaluate(x []float32, h, w int) ([]float32, error) {
	p, err := m.plan(h, w)
	if err != nil {
		return nil, err
	}
	input := newValue(p.shapes[p.input])
	if len(x) != len(input.data) {
		return nil, fmt.Errorf("onnx: %d elements given for a frame of 3x%dx%d", len(x), h, w)
	}
	for i, v := range x {
		input.data[i] = float64(v)
	}
	input.round()
	last := make(map[string]int) // the last step that reads a value
	for i, s := range p.steps {
		for _, name := range s.inputs {
			last[name] = i
		}
	}
	values := map[string]value{p.input: input}
	last[p.output] = len(p.steps)
	for i, s := range p.steps {
		in := make([]value, len(s.inputs))
		for j, name := range s.inputs {
			in[j] = values[name]
		}
		y := s.eval(in)
		y.shape = p.shapes[s.output]
		y.round()
		values[s.output] = y
		for _, name := range s.inputs {
			if last[name] == i {
				delete(values, name)
			}
		}
	}
	output := values[p.output]
	y := make([]float32, len(output.data))
	for i, v := range output.data {
		y[i] = float32(v)
	}
	return y, nil
}

// round rounds the elements of a value in float16.
func (v value) round() {
	if !v.half {
		return
	}
	for i, x := range v.data {
		v.data[i] = float64(RoundHalf(float32(x)))
	}
}

func (p padding) eval(in []value) value {
	x := in[0]
	y := newValue(shape{c: x.c, h: x.h + p.top + p.bottom, w: x.w + p.left + p.right})
	for c := range y.c {
		src, dst := x.plane(c), y.plane(c)
		for i := range y.h {
			for j := range y.w {
				dst[i*y.w+j] = src[mirror(i-p.top, x.h)*x.w+mirror(j-p.left, x.w)]
			}
		}
	}
	return y
}

func (c crop) eval(in []value) value {
	x := in[0]
	y := newValue(shape{c: x.c, h: c.h, w: c.w})
	for k := range y.c {
		for i := range y.h {
			copy(y.plane(k)[i*y.w:][:y.w], x.plane(k)[(c.y+i)*x.w+c.x:])
		}
	}
	return y
}

// mirror reflects i at the first and last of n indices without repeating them.
func mirror(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

func (c convolution) eval(in []value) value {
	x := in[0]
	y := newValue(shape{c: c.out, h: (x.h-c.kernel)/c.stride + 1, w: (x.w-c.kernel)/c.stride + 1})
	for o := range c.out {
		dst := y.plane(o)
		for i := range dst {
			dst[i] = float64(c.bias[o])
		}
		for i := range c.in {
			src := x.plane(i)
			for ky := range c.kernel {
				for kx := range c.kernel {
					weight := float64(c.weight[((o*c.in+i)*c.kernel+ky)*c.kernel+kx])
					for r := range y.h {
						row := src[(r*c.stride+ky)*x.w+kx:]
						for s := range y.w {
							dst[r*y.w+s] += weight * row[s*c.stride]
						}
					}
				}
			}
		}
	}
	return y
}

func (n instanceNorm) eval(in []value) value {
	x := in[0]
	y := newValue(x.shape)
	for c := range x.c {
		src, dst := x.plane(c), y.plane(c)
		count := float64(len(src))
		mean := 0.0
		for _, v := range src {
			mean += v / count
		}
		variance := 0.0 // biased, as PyTorch's and ONNX's
		for _, v := range src {
			variance += (v - mean) * (v - mean) / count
		}
		factor := float64(n.scale[c]) / math.Sqrt(variance+n.epsilon)
		for i, v := range src {
			dst[i] = (v-mean)*factor + float64(n.bias[c])
		}
	}
	return y
}

func (relu) eval(in []value) value {
	y := newValue(in[0].shape)
	for i, v := range in[0].data {
		y.data[i] = max(v, 0)
	}
	return y
}

func (c clip) eval(in []value) value {
	y := newValue(in[0].shape)
	for i, v := range in[0].data {
		y.data[i] = min(max(v, c.low), c.high)
	}
	return y
}

func (s sum) eval(in []value) value {
	y := newValue(in[0].shape)
	for i, v := range in[0].data {
		y.data[i] = v + s.factor*in[1].data[i]
	}
	return y
}

// at returns the factor and the summand of channel c.
func (a affine) at(c int) (scale, offset float64) {
	if len(a.scale) == 1 {
		c = 0
	}
	return a.scale[c], a.offset[c]
}

func (a affine) eval(in []value) value {
	y := newValue(in[0].shape)
	for c := range y.c {
		scale, offset := a.at(c)
		dst := y.plane(c)
		for i, v := range in[0].plane(c) {
			dst[i] = v*scale + offset
		}
	}
	return y
}

func (d doubling) eval(in []value) value {
	x := in[0]
	y := newValue(shape{c: x.c, h: 2 * x.h, w: 2 * x.w})
	for c := range y.c {
		src, dst := x.plane(c), y.plane(c)
		for i := range y.h {
			for j := range y.w {
				if !d.linear {
					dst[i*y.w+j] = src[i/2*x.w+j/2]
					continue
				}
				// Three quarters of the pixel itself, one of its neighbor on this
				// side, in both directions.
				i0, i1, j0, j1 := i/2, beside(i, x.h), j/2, beside(j, x.w)
				dst[i*y.w+j] = (9*src[i0*x.w+j0] + 3*src[i1*x.w+j0] + 3*src[i0*x.w+j1] + src[i1*x.w+j1]) / 16
			}
		}
	}
	return y
}

// beside returns the pixel, of n, that is second nearest to pixel i of the doubled
// row; the last ones have themselves.
func beside(i, n int) int { return min(max(i/2+2*(i%2)-1, 0), n-1) }

func (convert) eval(in []value) value {
	return value{in[0].shape, append([]float64(nil), in[0].data...)}
}
