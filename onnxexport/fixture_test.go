package onnxexport_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/stretchr/testify/require"
)

// randomNet returns a network with PyTorch's default initialization for
// convolutions and lively instance norms, the same on every run.
func randomNet(filters [3]int, blocks int) statedict.Dict {
	rng := rand.New(rand.NewPCG(uint64(filters[0]), uint64(blocks)))
	var d statedict.Dict
	add := func(name string, low, high float64, shape ...int) {
		n := 1
		for _, s := range shape {
			n *= s
		}
		data := make([]float32, n)
		for i := range data {
			data[i] = float32(low + (high-low)*rng.Float64())
		}
		d = append(d, statedict.Entry{Name: name, Shape: shape, Data: data})
	}
	conv := func(name string, out, in, kernel int) {
		bound := 1 / math.Sqrt(float64(in*kernel*kernel))
		add(name+".conv2d.weight", -bound, bound, out, in, kernel, kernel)
		add(name+".conv2d.bias", -bound, bound, out)
	}
	norm := func(name string, channels int) {
		add(name+".weight", 0.5, 1.5, channels)
		add(name+".bias", -0.5, 0.5, channels)
	}
	f := filters
	conv("conv1", f[0], 3, 9)
	norm("in1", f[0])
	conv("conv2", f[1], f[0], 3)
	norm("in2", f[1])
	conv("conv3", f[2], f[1], 3)
	norm("in3", f[2])
	for i := range blocks {
		for j := 1; j <= 2; j++ {
			conv(fmt.Sprintf("resnets.%d.conv%d", i, j), f[2], f[2], 3)
			norm(fmt.Sprintf("resnets.%d.in%d", i, j), f[2])
		}
	}
	conv("deconv1", f[1], f[2], 3)
	norm("in4", f[1])
	conv("deconv2", f[0], f[1], 3)
	norm("in5", f[0])
	conv("deconv3", 3, f[0], 9)
	return d
}

// smallNet is the fixture of tests for which any network will do.
func smallNet() statedict.Dict { return randomNet([3]int{4, 8, 16}, 2) }

// randomFrame returns a frame of whole values 0..255.
func randomFrame(h, w int) []float32 {
	rng := rand.New(rand.NewPCG(uint64(h), uint64(w)))
	x := make([]float32, 3*h*w)
	for i := range x {
		x[i] = float32(rng.IntN(256))
	}
	return x
}

// meanAndMax returns the mean and largest absolute difference of a and b.
func meanAndMax(t *testing.T, a, b []float32) (mean, worst float64) {
	t.Helper()
	require.Equal(t, len(a), len(b))
	for i := range a {
		d := math.Abs(float64(a[i]) - float64(b[i]))
		require.False(t, math.IsNaN(d), "value %d: %v and %v", i, a[i], b[i])
		mean += d / float64(len(a))
		worst = max(worst, d)
	}
	return mean, worst
}

// largest returns the largest absolute value of x.
func largest(x []float32) float64 {
	m := 0.0
	for _, v := range x {
		m = max(m, math.Abs(float64(v)))
	}
	return m
}
