package nn_test

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/statedict"
)

// The network once more, in float64 and plain loops over one image, as the
// tutorial's code reads: an oracle that shares nothing with the tape.

// image is a picture of planes.
type image struct {
	c, h, w int
	v       []float64
}

func newImage(c, h, w int) image { return image{c, h, w, make([]float64, c*h*w)} }

func (m image) at(c, y, x int) *float64 { return &m.v[(c*m.h+y)*m.w+x] }

// oracle looks parameters up by name, in float64 so that they can be nudged.
type oracle map[string][]float64

func newOracle(d statedict.Dict) oracle {
	o := oracle{}
	for _, e := range d {
		for _, v := range e.Data {
			o[e.Name] = append(o[e.Name], float64(v))
		}
	}
	return o
}

func mirror(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

func (o oracle) conv(name string, x image, k, stride int) image {
	weight, bias := o[name+".conv2d.weight"], o[name+".conv2d.bias"]
	p := k / 2
	y := newImage(len(bias), (x.h+2*p-k)/stride+1, (x.w+2*p-k)/stride+1)
	for c := range y.c {
		for i := range y.h {
			for j := range y.w {
				sum := bias[c]
				for ci := range x.c {
					for ki := range k {
						for kj := range k {
							sum += weight[((c*x.c+ci)*k+ki)*k+kj] * *x.at(ci, mirror(i*stride+ki-p, x.h), mirror(j*stride+kj-p, x.w))
						}
					}
				}
				*y.at(c, i, j) = sum
			}
		}
	}
	return y
}

func (o oracle) norm(name string, x image) image {
	y := newImage(x.c, x.h, x.w)
	n := x.h * x.w
	for c := range x.c {
		var mean, variance float64
		for _, v := range x.v[c*n : (c+1)*n] {
			mean += v / float64(n)
		}
		for _, v := range x.v[c*n : (c+1)*n] {
			variance += (v - mean) * (v - mean) / float64(n)
		}
		for i, v := range x.v[c*n : (c+1)*n] {
			y.v[c*n+i] = (v-mean)/math.Sqrt(variance+1e-5)*o[name+".weight"][c] + o[name+".bias"][c]
		}
	}
	return y
}

func relu(x image) image {
	y := newImage(x.c, x.h, x.w)
	for i, v := range x.v {
		y.v[i] = max(v, 0)
	}
	return y
}

func add(a, b image) image {
	y := newImage(a.c, a.h, a.w)
	for i := range y.v {
		y.v[i] = a.v[i] + b.v[i]
	}
	return y
}

func upsample(x image) image {
	y := newImage(x.c, 2*x.h, 2*x.w)
	for c := range y.c {
		for i := range y.h {
			for j := range y.w {
				*y.at(c, i, j) = *x.at(c, i/2, j/2)
			}
		}
	}
	return y
}

func (o oracle) residualBlock(name string, x image) image {
	out := relu(o.norm(name+".in1", o.conv(name+".conv1", x, 3, 1)))
	out = o.norm(name+".in2", o.conv(name+".conv2", out, 3, 1))
	return add(out, x)
}

func (o oracle) forward(x image, blocks int) image {
	c1 := relu(o.norm("in1", o.conv("conv1", x, 9, 1)))
	c2 := relu(o.norm("in2", o.conv("conv2", c1, 3, 2)))
	c3 := relu(o.norm("in3", o.conv("conv3", c2, 3, 2)))
	y := add(o.residualBlock("resnets.0", c3), c3)
	for i := 1; i < blocks; i++ {
		y = add(o.residualBlock(fmt.Sprintf("resnets.%d", i), y), y)
	}
	y = relu(o.norm("in4", o.conv("deconv1", upsample(add(c3, y)), 3, 1)))
	y = relu(o.norm("in5", o.conv("deconv2", upsample(add(c2, y)), 3, 1)))
	return o.conv("deconv3", add(c1, y), 9, 1)
}

// loss is half the sum of the squared differences of the outputs for the images
// in x, one after the other, from target.
func (o oracle) loss(x []float64, target []float32, h, w, blocks int) float64 {
	sum := 0.0
	for n := 0; n < len(x); n += 3 * h * w {
		y := o.forward(image{3, h, w, x[n : n+3*h*w]}, blocks)
		for i, v := range y.v {
			d := v - float64(target[n+i])
			sum += d * d / 2
		}
	}
	return sum
}
