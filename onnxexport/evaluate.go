package onnxexport

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

// Evaluate checks the model and runs it on x, a frame [1, 3, h, w], whatever
// frame size the model declares. It is an interpreter of plain loops in
// float64, written to be obviously right: use it to test small frames.
func (m *Model) Evaluate(x []float32, h, w int) ([]float32, error) {
	steps, err := m.plan(h, w)
	if err != nil {
		return nil, err
	}
	input := newValue(shape{3, h, w})
	if len(x) != len(input.data) {
		return nil, fmt.Errorf("onnxexport: %d elements given for a frame of 3x%dx%d", len(x), h, w)
	}
	for i, v := range x {
		input.data[i] = float64(v)
	}
	last := make(map[string]int) // the last step that reads a value
	for i, s := range steps {
		for _, name := range s.inputs {
			last[name] = i
		}
	}
	values := map[string]value{m.Graph.Inputs[0].Name: input}
	last[m.Graph.Outputs[0].Name] = len(steps)
	for i, s := range steps {
		in := make([]value, len(s.inputs))
		for j, name := range s.inputs {
			in[j] = values[name]
		}
		values[s.output] = s.eval(in)
		for _, name := range s.inputs {
			if last[name] == i {
				delete(values, name)
			}
		}
	}
	output := values[m.Graph.Outputs[0].Name]
	y := make([]float32, len(output.data))
	for i, v := range output.data {
		y[i] = float32(v)
	}
	return y, nil
}

func (p reflectPad) eval(in []value) value {
	x := in[0]
	y := newValue(shape{x.c, x.h + 2*p.n, x.w + 2*p.n})
	for c := range y.c {
		src, dst := x.plane(c), y.plane(c)
		for i := range y.h {
			for j := range y.w {
				dst[i*y.w+j] = src[mirror(i-p.n, x.h)*x.w+mirror(j-p.n, x.w)]
			}
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
	y := newValue(shape{c.out, (x.h-c.kernel)/c.stride + 1, (x.w-c.kernel)/c.stride + 1})
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

func (addition) eval(in []value) value {
	y := newValue(in[0].shape)
	for i, v := range in[0].data {
		y.data[i] = v + in[1].data[i]
	}
	return y
}

func (doubling) eval(in []value) value {
	x := in[0]
	y := newValue(shape{x.c, 2 * x.h, 2 * x.w})
	for c := range y.c {
		src, dst := x.plane(c), y.plane(c)
		for i := range y.h {
			for j := range y.w {
				dst[i*y.w+j] = src[i/2*x.w+j/2]
			}
		}
	}
	return y
}
