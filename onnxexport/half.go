package onnxexport

import (
	"fmt"
	"math"
	"slices"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
)

const (
	// usual is the deviation that the output of a convolution before a
	// normalization gets: values a thousand times as large still fit float16, and
	// its steps are fine far below.
	usual = 16
	// peak is how many deviations a normalized value may reach, by experience.
	peak = 32
	// largest is what a sum of layers may reach.
	largest = 60000
)

// halve makes layers compute in float16, but those up to the first residual block's end: the
// networks magnify what rounding does to those, tens of times where a picture is flat.
//
// A convolution before a normalization is divided by a power of two, and the
// normalization's epsilon by its square, which changes nothing but the numbers in
// between: (x/s - mean/s) / sqrt(var/s² + epsilon/s²) does not depend on s. So they
// stay where float16 is fine. What is not normalized, the sums of layers, cannot be
// scaled so; where it would be too large the network is refused.
func halve(n *arch.Network, layers []prepared) error {
	exact := lastExact(n)
	power := make([][]float64, len(layers)) // mean square of the output, by channel
	peaks := make([]float64, len(layers))   // of the output
	for i := range layers {
		l, p := &n.Layers[i], &layers[i]
		p.half = i > exact
		power[i] = make([]float64, l.Out)
		for c := range power[i] {
			if l.Norm != "" {
				power[i][c] = square(float64(p.scale[c])) + square(float64(p.shift[c]))
				peaks[i] = max(peaks[i], peak*math.Abs(float64(p.scale[c]))+math.Abs(float64(p.shift[c])))
			}
		}
		if l.Norm != "" && p.half {
			s := math.Exp2(math.Ceil(math.Log2(max(deviation(l, p.weight, power[i-1])/usual, 1))))
			onnx.Scale(p.weight, 1/s)
			onnx.Scale(p.bias, 1/s)
			p.epsilon = float32(1e-5) / float32(s*s)
		}
		for _, t := range l.Plus {
			f := float64(t.Factor)
			for c := range power[i] {
				power[i][c] += f * f * power[t.Layer][c]
			}
			peaks[i] += math.Abs(f) * peaks[t.Layer]
		}
		if peaks[i] > largest {
			return fmt.Errorf("onnxexport: values of %s could reach %.2g, too much for half precision: %d residual blocks add up to too much; store only the weights in it",
				l.Name, peaks[i], n.Blocks)
		}
	}
	return nil
}

// lastExact returns the last layer that stays in float32: the first residual block's
// last, or the encoder's where there is no block.
func lastExact(n *arch.Network) int {
	encoder := slices.Index(n.Scales(), n.Multiple())
	for i := encoder + 1; i < len(n.Layers); i++ {
		if len(n.Layers[i].Plus) > 0 {
			return i
		}
	}
	return encoder
}

// deviation estimates the deviation of a convolution's output, in the filter where
// it is largest, for inputs of the given mean squares: of two estimates, that for
// pixels that have nothing to do with each other and that for planes of one color,
// the larger one.
func deviation(l *arch.Layer, weight []float32, power []float64) (most float64) {
	k := l.Taps() * l.Taps()
	for o := range l.Out {
		var independent, same float64
		for c := range l.In {
			sum := 0.0
			for _, w := range weight[(o*l.In+c)*k:][:k] {
				sum += float64(w)
				independent += square(float64(w)) * power[c]
			}
			same += square(sum) * power[c]
		}
		most = max(most, independent, same)
	}
	return math.Sqrt(most)
}

// halfKernels rounds weights to float16, kernels of k numbers. What rounding takes
// from one is given to the next, so that a kernel keeps its sum: most of what a
// picture shows is smooth, and there the sum is what counts.
func halfKernels(weight []float32, k int) []float32 {
	rounded := make([]float32, len(weight))
	for at := 0; at < len(weight); at += k {
		rest := 0.0
		for i, v := range weight[at : at+k] {
			want := float64(v) + rest
			rounded[at+i] = onnx.RoundHalf(float32(want))
			rest = want - float64(rounded[at+i])
		}
	}
	return rounded
}

func square(v float64) float64 { return v * v }
