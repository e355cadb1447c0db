package arch_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

// dictOf returns a state dict of n with values 0, in which no memory is shared.
func dictOf(n *arch.Network) (d statedict.Dict) {
	for _, p := range n.Params() {
		d = append(d, statedict.Entry{Name: p.Name, Shape: p.Shape, Data: make([]float32, p.Len())})
	}
	return d
}

func mustNew(t *testing.T, family string, filters [3]int, blocks int) *arch.Network {
	t.Helper()
	n, err := arch.New(family, filters, blocks)
	require.NoError(t, err)
	require.NoError(t, n.Check())
	return n
}

func TestNames(t *testing.T) {
	for family, want := range map[string][]string{
		"tutorial": {
			"conv1.conv2d", "in1", "conv2.conv2d", "in2", "conv3.conv2d", "in3",
			"resnets.0.conv1.conv2d", "resnets.0.in1", "resnets.0.conv2.conv2d", "resnets.0.in2",
			"resnets.1.conv1.conv2d", "resnets.1.in1", "resnets.1.conv2.conv2d", "resnets.1.in2",
			"deconv1.conv2d", "in4", "deconv2.conv2d", "in5", "deconv3.conv2d",
		},
		"pytorch-examples": {
			"conv1.conv2d", "in1", "conv2.conv2d", "in2", "conv3.conv2d", "in3",
			"res1.conv1.conv2d", "res1.in1", "res1.conv2.conv2d", "res1.in2",
			"res2.conv1.conv2d", "res2.in1", "res2.conv2.conv2d", "res2.in2",
			"deconv1.conv2d", "in4", "deconv2.conv2d", "in5", "deconv3.conv2d",
		},
	} {
		var names []string
		for _, n := range want {
			names = append(names, n+".weight", n+".bias")
		}
		d := dictOf(mustNew(t, family, [3]int{2, 3, 4}, 2))
		require.Equal(t, names, d.Names())
		require.Equal(t, []int{2, 3, 9, 9}, d.Lookup("conv1.conv2d.weight").Shape)
		require.Equal(t, []int{3, 4, 3, 3}, d.Lookup("deconv1.conv2d.weight").Shape)
		require.Equal(t, []int{4}, d.Lookup("in3.bias").Shape)
	}
}

// TestNumParams compares with the numbers of parameters() in PyTorch.
func TestNumParams(t *testing.T) {
	for filters, want := range map[[3]int]int{{8, 16, 32}: 108_771, {16, 32, 64}: 424_899, {32, 64, 128}: 1_679_235} {
		for _, family := range arch.Families() { // they differ in what has no parameters
			require.Equal(t, want, mustNew(t, family, filters, 5).NumParams(), family)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for want, call := range map[string]func() (*arch.Network, error){
		"tutorial, pytorch-examples, anti-aliased": func() (*arch.Network, error) { return arch.New("vgg", [3]int{1, 1, 1}, 1) },
		"filters [1 0 1]":                          func() (*arch.Network, error) { return arch.New("tutorial", [3]int{1, 0, 1}, 1) },
		"0 residual blocks":                        func() (*arch.Network, error) { return arch.New("tutorial", [3]int{1, 1, 1}, 0) },
	} {
		_, err := call()
		require.ErrorContains(t, err, want)
	}
	require.Equal(t, 1, arch.Tutorial([3]int{1, 1, 1}, 0).Blocks)
}

func TestCheck(t *testing.T) {
	for want, spoil := range map[string]func(n *arch.Network){
		"has no layers":                func(n *arch.Network) { n.Layers = nil },
		"input range":                  func(n *arch.Network) { n.Input = arch.Range{} },
		"output range":                 func(n *arch.Network) { n.Output.High = -1 },
		"takes 2 channels, but gets 4": func(n *arch.Network) { n.Layers[1].In = 2 },
		"at least 1":                   func(n *arch.Network) { n.Layers[1].Stride = 0 },
		"must be odd":                  func(n *arch.Network) { n.Layers[1].Kernel = 4 },
		"blur of 2 taps":               func(n *arch.Network) { n.Layers[1].Blur = 2 },
		"enlarges":                     func(n *arch.Network) { n.Layers[0].Upsample = 2 },
		"a name of its own":            func(n *arch.Network) { n.Layers[2].Name = n.Layers[1].Name },
		"the same names":               func(n *arch.Network) { n.Layers[2].Norm = n.Layers[1].Norm },
		"is not before it":             func(n *arch.Network) { n.Layers[2].Plus = []arch.Term{{Layer: 2, Factor: 1}} },
		"another shape":                func(n *arch.Network) { n.Layers[2].Plus = []arch.Term{{Layer: 0, Factor: 1}} },
		"times 0":                      func(n *arch.Network) { n.Layers[4].Plus[0].Factor = 0 },
		"3 channels at 1/4":            func(n *arch.Network) { n.Layers = n.Layers[:4]; n.Layers[3].Out, n.Layers[3].Plus = 3, nil },
	} {
		n := arch.Tutorial([3]int{4, 5, 6}, 1)
		require.NoError(t, n.Check())
		spoil(n)
		require.ErrorContains(t, n.Check(), want)
	}
}

// TestFold compares one convolution with the folded weights with a convolution and
// a filter, over a row of pixels and its columns.
func TestFold(t *testing.T) {
	for _, blur := range []int{0, 1, 3, 5} {
		l := arch.Layer{In: 2, Out: 3, Kernel: 3, Blur: blur}
		w := make([]float32, 3*2*9)
		for i := range w {
			w[i] = rand.Float32() - 0.5
		}
		sum := 0.0
		for _, v := range l.Binomial() {
			sum += v
		}
		require.Equal(t, 1.0, sum)
		folded := l.Fold(w)
		taps, side := l.Taps(), 11
		require.Len(t, folded, 3*2*taps*taps)
		x := make([]float64, side*side)
		for i := range x {
			x[i] = rand.Float64()
		}
		for plane := range 6 {
			kernel := func(w []float32, k int) []float64 {
				f := make([]float64, k*k)
				for i := range f {
					f[i] = float64(w[plane*k*k+i])
				}
				return f
			}
			row := l.Binomial()
			square := make([]float64, len(row)*len(row))
			for i := range square {
				square[i] = row[i/len(row)] * row[i%len(row)]
			}
			apart := correlate(correlate(x, kernel(w, 3)), square)
			require.InDeltaSlice(t, apart, correlate(x, kernel(folded, taps)), 1e-6)
		}
	}
}

// correlate applies a square kernel to a square picture, without padding.
func correlate(x, kernel []float64) (y []float64) {
	n, k := sqrt(len(x)), sqrt(len(kernel))
	for i := range n - k + 1 {
		for j := range n - k + 1 {
			sum := 0.0
			for a := range k {
				for b := range k {
					sum += x[(i+a)*n+j+b] * kernel[a*k+b]
				}
			}
			y = append(y, sum)
		}
	}
	return y
}

func sqrt(n int) (r int) {
	for r*r < n {
		r++
	}
	return r
}

func ExampleNew() {
	n, err := arch.New("pytorch-examples", [3]int{32, 64, 128}, 5)
	fmt.Println(n, err)
	fmt.Println(n.Layers[0])
	fmt.Println(n.FitSize(1079), n.Halo(nil), n.NumParams())
	// Output:
	// pytorch-examples, filters 32,64,128, 5 residual blocks <nil>
	// {conv1 conv1.conv2d 3 32 9 1 1 0 in1 true []}
	// 1080 56 1679235
}
