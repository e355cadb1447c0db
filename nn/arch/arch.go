package arch

import (
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/statedict"
)

// Network is a feed-forward network from RGB pictures to RGB pictures of the same
// size. It is not changed once it is in use.
type Network struct {
	Name    string // of the family, such as "tutorial", or any other
	Filters [3]int // the family's options, for people to read; zero without
	Blocks  int    // residual blocks, likewise

	Layers        []Layer
	Input, Output Range // of the values of a picture's black and white
}

// Range is the interval that the values of a picture span. A network's output is
// not clamped to it.
type Range struct{ Low, High float32 }

// Bytes is the range of 8-bit pixels.
var Bytes = Range{0, 255}

// Layer is a convolution with what surrounds it; see the package documentation.
type Layer struct {
	Name string // for tables and graphs, such as "conv1"; no two are equal

	Conv     string // what its parameters' names begin with, such as "conv1.conv2d"
	In, Out  int    // channels
	Kernel   int    // side of the square kernel, odd
	Stride   int    // at least 1
	Upsample int    // factor before the convolution, at least 1
	Blur     int    // taps of the binomial filter, odd; 0 or 1 for none

	Norm string // what the normalization's parameters' names begin with; "" for none
	ReLU bool
	Plus []Term // added at last
}

// Term is the output of an earlier layer, times a factor that is not zero.
type Term struct {
	Layer  int
	Factor float32
}

// Params returns the layer's parameters: weight and bias of the convolution, then
// of the normalization.
func (l *Layer) Params() []statedict.Param {
	p := []statedict.Param{
		{Name: l.Conv + ".weight", Shape: []int{l.Out, l.In, l.Kernel, l.Kernel}},
		{Name: l.Conv + ".bias", Shape: []int{l.Out}},
	}
	if l.Norm != "" {
		p = append(p, statedict.Param{Name: l.Norm + ".weight", Shape: []int{l.Out}}, statedict.Param{Name: l.Norm + ".bias", Shape: []int{l.Out}})
	}
	return p
}

// Params returns the parameters of all layers, in the order of PyTorch's
// state_dict.
func (n *Network) Params() (all []statedict.Param) {
	for i := range n.Layers {
		all = append(all, n.Layers[i].Params()...)
	}
	return all
}

// NumParams returns the number of values in all parameters.
func (n *Network) NumParams() (total int) {
	for _, p := range n.Params() {
		total += p.Len()
	}
	return total
}

// String names the network and its size, such as "tutorial, filters 8,16,32, 5
// residual blocks".
func (n *Network) String() string {
	if n.Blocks == 0 {
		return fmt.Sprintf("%s, %d layers", n.Name, len(n.Layers))
	}
	f := n.Filters
	blocks := "blocks"
	if n.Blocks == 1 {
		blocks = "block"
	}
	return fmt.Sprintf("%s, filters %d,%d,%d, %d residual %s", n.Name, f[0], f[1], f[2], n.Blocks, blocks)
}

// Taps returns the side of the kernel that Fold makes: Kernel without a blur.
func (l *Layer) Taps() int { return l.Kernel + max(l.Blur, 1) - 1 }

// Padding returns how many mirrored pixels surround the convolution's input, after
// upsampling: half the kernel and half the blur.
func (l *Layer) Padding() int { return l.Taps() / 2 }

// Binomial returns the layer's blur along one direction, the row of Pascal's
// triangle with Blur numbers divided by their sum: 1/4, 1/2, 1/4 for 3.
func (l *Layer) Binomial() []float64 {
	row := []float64{1}
	for len(row) < l.Blur {
		next := make([]float64, len(row)+1)
		for i, v := range row {
			next[i] += v / 2
			next[i+1] += v / 2
		}
		row = next
	}
	return row
}

// Fold returns the weights {Out, In, Taps, Taps} of convolution and blur in one,
// for the layer's own weights {Out, In, Kernel, Kernel}. Without a blur it returns
// weight itself.
func (l *Layer) Fold(weight []float32) []float32 {
	row, k, taps := l.Binomial(), l.Kernel, l.Taps()
	if len(row) == 1 {
		return weight
	}
	folded := make([]float32, l.Out*l.In*taps*taps)
	sums := make([]float64, taps*taps)
	for plane := range l.Out * l.In {
		clear(sums)
		for i, w := range weight[plane*k*k:][:k*k] {
			for dy, a := range row {
				for dx, b := range row {
					sums[(i/k+dy)*taps+i%k+dx] += float64(w) * a * b
				}
			}
		}
		for i, v := range sums {
			folded[plane*taps*taps+i] = float32(v)
		}
	}
	return folded
}

// LastUse returns, for each layer, the last one that reads its output; for the
// last layer, itself.
func (n *Network) LastUse() []int {
	last := make([]int, len(n.Layers))
	for i, l := range n.Layers {
		last[i] = i
		if i > 0 {
			last[i-1] = i
		}
		for _, p := range l.Plus {
			last[p.Layer] = i
		}
	}
	return last
}

// Spent reports whether nobody reads the input of layer i after its convolution.
func (n *Network) Spent(i int) bool {
	for j := i; j < len(n.Layers); j++ {
		for _, p := range n.Layers[j].Plus {
			if p.Layer == i-1 {
				return false
			}
		}
	}
	return true
}

// Check returns an error that names the first thing in the record that cannot be:
// layers whose channels or sizes do not follow from each other, an even kernel, a
// name that is missing or appears twice, an output that is not the input's size.
func (n *Network) Check() error {
	bad := func(i int, format string, args ...any) error {
		return fmt.Errorf("network %s: layer %d (%s) %s", n.Name, i, n.Layers[i].Name, fmt.Sprintf(format, args...))
	}
	if len(n.Layers) == 0 {
		return fmt.Errorf("network %s has no layers", n.Name)
	}
	if !n.Input.valid() || !n.Output.valid() {
		return fmt.Errorf("network %s: the input range %v and the output range %v must be finite and ascending", n.Name, n.Input, n.Output)
	}
	seen := map[string]bool{}
	channels, scale := 3, 1
	scales := make([]int, len(n.Layers))
	for i, l := range n.Layers {
		switch {
		case l.In != channels:
			return bad(i, "takes %d channels, but gets %d", l.In, channels)
		case l.Out < 1 || l.Kernel < 1 || l.Stride < 1 || l.Upsample < 1 || l.Blur < 0:
			return bad(i, "needs at least 1 channel, a kernel, a stride and an upsampling factor (1 for none)")
		case l.Kernel%2 == 0 || l.Blur > 0 && l.Blur%2 == 0:
			return bad(i, "has a kernel of %d and a blur of %d taps; they must be odd", l.Kernel, l.Blur)
		case scale*l.Stride%l.Upsample != 0:
			return bad(i, "enlarges beyond the picture's own pixels")
		case l.Name == "" || seen["layer "+l.Name]:
			return bad(i, "needs a name of its own")
		}
		seen["layer "+l.Name] = true
		for _, p := range l.Params() {
			if seen[p.Name] {
				return bad(i, "has parameters of the same names as another: %s", p.Name)
			}
			seen[p.Name] = true
		}
		channels, scale = l.Out, scale*l.Stride/l.Upsample
		scales[i] = scale
		for _, p := range l.Plus {
			switch {
			case p.Layer < 0 || p.Layer >= i:
				return bad(i, "adds the output of layer %d, which is not before it", p.Layer)
			case n.Layers[p.Layer].Out != channels || scales[p.Layer] != scale:
				return bad(i, "adds the output of layer %d, which has another shape", p.Layer)
			case p.Factor == 0 || !finite(p.Factor):
				return bad(i, "adds the output of layer %d times %v", p.Layer, p.Factor)
			}
		}
	}
	if channels != 3 || scale != 1 {
		return fmt.Errorf("network %s ends with %d channels at 1/%d of the size, not with 3 at the picture's own", n.Name, channels, scale)
	}
	return nil
}

func (r Range) valid() bool { return finite(r.Low) && finite(r.High) && r.Low < r.High }

func finite(v float32) bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }
