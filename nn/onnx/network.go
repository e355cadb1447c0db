package onnx

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Network is a style transfer network that was read from a graph.
type Network struct {
	Arch    *arch.Network
	Weights statedict.Dict // under PyTorch's names and in PyTorch's order, for the ranges of Arch
	Input   arch.Range     // of the file itself
	Output  arch.Range
	Notes   []string // what is not as one would expect, a line each
}

// Network finds out which network of the known families the graph computes, and
// returns its weights. Only the graph counts: names may be any, constants may
// stand in nodes or initializers, sizes may be fixed or symbolic, what scales and
// shifts the frame and the output is multiplied into the weights. Metadata matter
// where the graph leaves the range of the values open, see [ErrRange].
//
// A graph with nodes that such networks do not have makes the error a
// *[RefusedError] that lists them.
func (m *Model) Network() (*Network, error) {
	r, err := m.reading()
	if err != nil {
		return nil, err
	}
	n := &Network{}
	if n.Arch, err = family(r.layers); err != nil {
		return nil, err
	}
	if n.Weights, err = r.weights(n.Arch); err != nil {
		return nil, err
	}
	if err := n.Weights.CheckFinite(); err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if n.Input, n.Output, err = m.ranges(r, n); err != nil {
		return nil, err
	}
	first, last := &n.Arch.Layers[0], &n.Arch.Layers[len(n.Arch.Layers)-1]
	Unscale(n.Weights.Lookup(first.Conv+".weight").Data, span01(n.Arch.Input)/span01(n.Input))
	for _, p := range []string{".weight", ".bias"} {
		Unscale(n.Weights.Lookup(last.Conv+p).Data, span01(n.Output)/span01(n.Arch.Output))
	}
	if sum := m.Property(KeyChecksum); sum != "" && sum != m.Graph.Checksum() {
		n.Notes = append(n.Notes, "the weights do not match the checksum in the file: another program has changed them, or the file is damaged")
	}
	return n, nil
}

// span01 returns the size of a range.
func span01(r arch.Range) float64 { return float64(r.High) - float64(r.Low) }

// reading reads the graph for frames of its own size or, where it has none, of two
// sizes, as what is computed from sizes must come to the same.
func (m *Model) reading() (*reading, error) {
	at := func(w, h int) (*reading, error) {
		p, err := m.plan(h, w)
		if err != nil {
			return nil, err
		}
		return m.layersOf(p)
	}
	w, h := m.Size()
	w1, h1, w2, h2 := w, h, w, h
	if w == 0 {
		w1, w2 = 64, 128
	}
	if h == 0 {
		h1, h2 = 96, 64
	}
	r, err := at(w1, h1)
	if err != nil || w1 == w2 && h1 == h2 {
		return r, err
	}
	other, err := at(w2, h2)
	if err != nil {
		return nil, err
	}
	if r.topology() != other.topology() {
		return nil, fmt.Errorf("onnx: the graph computes one thing for frames of %dx%d and another for %dx%d", w1, h1, w2, h2)
	}
	return r, nil
}

// family returns the known network that has these layers. The error says how the
// layers differ from the network that they are most like.
func family(layers []layer) (*arch.Network, error) {
	blocks := (len(layers) - 6) / 2
	if len(layers) < 8 || len(layers)%2 != 0 {
		return nil, fmt.Errorf("onnx: the graph has %d convolutions: these networks have 6, and 2 for each residual block", len(layers))
	}
	filters := [3]int{layers[0].conv.out, layers[1].conv.out, layers[2].conv.out}
	var nearest error
	furthest := -1
	for _, name := range arch.Families() {
		n, err := arch.New(name, filters, blocks)
		if err != nil {
			return nil, fmt.Errorf("onnx: %w", err)
		}
		at, err := differ(n, layers)
		if err == nil {
			return n, nil
		}
		if at > furthest {
			furthest, nearest = at, err
		}
	}
	return nil, fmt.Errorf("onnx: the graph is none of the networks %s; %w", strings.Join(arch.Families(), ", "), nearest)
}

// differ returns the first layer that is not as in n, and how.
func differ(n *arch.Network, layers []layer) (int, error) {
	outputs := make([]mixture, len(layers)) // of n's layers, as sums of what layers make
	for i := range layers {
		l, got := &n.Layers[i], &layers[i]
		outputs[i] = mixture{i: 1}
		for _, t := range l.Plus {
			for j, f := range outputs[t.Layer] {
				outputs[i][j] += f * float64(t.Factor)
			}
		}
		input := mixture{theFrame: 1}
		if i > 0 {
			input = outputs[i-1]
		}
		upsample, interpolated := 1, false
		if got.double != nil {
			upsample, interpolated = 2, got.double.linear
		}
		kernel, padding, interpolates := l.Taps(), l.Padding(), l.Upsample == 2 && l.Blur == 3
		if interpolated && interpolates {
			kernel, padding = l.Kernel, l.Kernel/2 // the blur is in the interpolation
		}
		for _, d := range []struct {
			what      string
			got, want any
		}{
			{"input channels", got.conv.in, l.In},
			{"output channels", got.conv.out, l.Out},
			{"kernel", got.conv.kernel, kernel},
			{"mirrored padding", got.pad, padding},
			{"stride", got.conv.stride, l.Stride},
			{"enlargement", upsample, l.Upsample},
			{"interpolation", interpolated && !interpolates, false},
			{"normalization", got.norm != nil, l.Norm != ""},
			{"ReLU", got.relu, l.ReLU},
			{"inputs", fmt.Sprint(got.input), fmt.Sprint(input)},
		} {
			if d.got != d.want {
				return i, fmt.Errorf("convolution %d (node %d) differs from %s of %s in %s: %v, expected %v", i, got.node, l.Name, n.Name, d.what, d.got, d.want)
			}
		}
	}
	return len(layers), nil
}

// weights names the weights of the layers as n does, with all that scales and
// shifts the frame and the output multiplied in.
func (r *reading) weights(n *arch.Network) (statedict.Dict, error) {
	// Layers may share a constant, as tools merge equal ones, but not so that a small
	// file becomes a large network.
	if stored := r.model.elements(); n.NumParams() > 4*stored+1<<16 {
		return nil, fmt.Errorf("onnx: a network of %d parameters, of which the file holds %d", n.NumParams(), stored)
	}
	var d statedict.Dict
	for i := range r.layers {
		got, l := &r.layers[i], &n.Layers[i]
		w, b := slices.Clone(got.conv.weight), slices.Clone(got.conv.bias)
		if i == 0 && r.before != nil {
			fromFrame(w, b, r.before, got.conv.kernel*got.conv.kernel)
		}
		if i == len(r.layers)-1 {
			toOutput(w, b, r.after)
		}
		if got.norm != nil && got.norm.epsilon != float64(float32(1e-5)) {
			// (x/s - mean/s) / sqrt(var/s² + e/s²) does not depend on s.
			rescale(w, b, got.norm.epsilon)
		}
		if l.Blur > 1 && got.conv.kernel == l.Taps() {
			var err error
			if w, err = unfold(l, w); err != nil {
				return nil, fmt.Errorf("onnx: convolution %d (node %d): %w", i, got.node, err)
			}
		}
		params := l.Params()
		values := [][]float32{w, b}
		if got.norm != nil {
			values = append(values, slices.Clone(got.norm.scale), slices.Clone(got.norm.bias))
		}
		for j, p := range params {
			d = append(d, statedict.Entry{Name: p.Name, Shape: p.Shape, Data: values[j]})
		}
	}
	if m := d.Compare(n.Params()); m != nil {
		return nil, fmt.Errorf("onnx: %w", m)
	}
	return d, nil
}

// elements counts what the file holds.
func (m *Model) elements() (count int) {
	add := func(t *Tensor) { count += len(t.Raw) / max(widths[t.DataType], 1) }
	for i := range m.Graph.Initializers {
		add(&m.Graph.Initializers[i])
	}
	for _, n := range m.Graph.Nodes {
		for _, a := range n.Attributes {
			if a.Tensor != nil {
				add(a.Tensor)
			}
		}
	}
	return count
}

// fromFrame changes weights and bias of the first convolution, with kernels of k
// numbers, to take x where they took x*scale+offset. Mirrored padding makes this
// exact.
func fromFrame(w, b []float32, a *affine, k int) {
	for o := range b {
		shift := 0.0
		for c := range 3 {
			scale, offset := a.at(c)
			for i, v := range w[(o*3+c)*k:][:k] {
				shift += float64(v) * offset
				w[(o*3+c)*k+i] = float32(float64(v) * scale)
			}
		}
		b[o] = float32(float64(b[o]) + shift)
	}
}

// toOutput changes the last convolution to make y*scale+offset where it made y.
func toOutput(w, b []float32, a *affine) {
	k := len(w) / len(b)
	for o := range b {
		scale, offset := a.at(o)
		for i := range k {
			w[o*k+i] = float32(float64(w[o*k+i]) * scale)
		}
		b[o] = float32(float64(b[o])*scale + offset)
	}
}

// rescale multiplies a convolution before a normalization with another epsilon so
// that PyTorch's 1e-5 gives the same.
func rescale(w, b []float32, epsilon float64) {
	s := math.Sqrt(float64(float32(1e-5)) / epsilon)
	if e := math.Round(math.Log2(s)); math.Abs(math.Log2(s)-e) < 1e-4 {
		s = math.Exp2(e) // exact
	}
	for _, v := range [][]float32{w, b} {
		for i := range v {
			v[i] = float32(float64(v[i]) * s)
		}
	}
}

// Scale multiplies v by factor, in float64, and rounds once.
func Scale(v []float32, factor float64) {
	if factor == 1 {
		return
	}
	for i, x := range v {
		v[i] = float32(float64(x) * factor)
	}
}

// Unscale undoes Scale: it finds numbers that Scale turns into exactly v again,
// wherever there are such, as the nearest ones are.
func Unscale(v []float32, factor float64) {
	if factor == 1 {
		return
	}
	for i, x := range v {
		v[i] = float32(float64(x) / factor)
	}
}

// unfold undoes arch.Layer.Fold: it divides each kernel by the layer's blur, which
// must leave no rest.
func unfold(l *arch.Layer, folded []float32) ([]float32, error) {
	row, k, taps := l.Binomial(), l.Kernel, l.Taps()
	weight := make([]float32, l.Out*l.In*k*k)
	rest := make([]float64, taps*taps)
	for plane := range l.Out * l.In {
		largest := 0.0
		for i, v := range folded[plane*taps*taps:][:taps*taps] {
			rest[i] = float64(v)
			largest = max(largest, math.Abs(float64(v)))
		}
		for y := range k {
			for x := range k {
				v := float64(float32(rest[y*taps+x] / (row[0] * row[0])))
				weight[plane*k*k+y*k+x] = float32(v)
				for dy, a := range row {
					for dx, b := range row {
						rest[(y+dy)*taps+x+dx] -= v * a * b
					}
				}
			}
		}
		for _, v := range rest {
			if math.Abs(v) > 1e-4*largest {
				return nil, errors.New("its kernel is not that of a convolution with a binomial filter")
			}
		}
	}
	return weight, nil
}
