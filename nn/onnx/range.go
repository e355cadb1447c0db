package onnx

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/impasto-go/impasto/nn/arch"
)

// Keys of the metadata that this module writes, and values of the first.
const (
	KeyRange    = "value_range"    // of input and output
	KeyChecksum = "weights_sha256" // see [Graph.Checksum]
	UnitRange   = "0..1"
	ByteRange   = "0..255"
)

var unit = arch.Range{High: 1}

// ErrRange is what [Model.Network] returns, wrapped, if nothing tells the range of
// the values that a graph takes and returns. Metadata can: see [Model.SetProperty]
// and [KeyRange].
var ErrRange = errors.New("nothing in the file tells whether it takes and returns values of 0..1 or of 0..255")

// Checksum returns the SHA-256 of all initializers: their names, dimensions and
// elements.
func (g *Graph) Checksum() string {
	h := sha256.New()
	for i := range g.Initializers {
		t := &g.Initializers[i]
		fmt.Fprintf(h, "%q %d %v %d\n", t.Name, t.DataType, t.Dims, len(t.Raw))
		h.Write(t.Raw)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Thresholds between networks for values of 0..255 and of 0..1; see ranges.
const (
	unitGain   = 20
	byteSpread = 4
)

// ranges tells which values the file takes and returns, by what its weights do.
//
// The gain of the first convolution is the deviation of its output for an input of
// independent values with deviation 1: around 1 (0.6 untrained) in a network that
// is trained, whatever the range, as initializations make it so; 255 times that if
// the factor between the ranges was multiplied in. The spread of the output for
// features of deviation 1 is some ten levels of 255, or less than 1 of 0..1. Where
// both leave it open (a network that has hardly been trained, or one trained for
// 0..1) a Clip at the end, a shift of the input, or the metadata decide. Where the
// checksum shows that nobody has touched the weights, the metadata do at once.
func (m *Model) ranges(r *reading, n *Network) (input, output arch.Range, err error) {
	declared, known := map[string]arch.Range{UnitRange: unit, ByteRange: arch.Bytes}[m.Property(KeyRange)]
	if known && m.Property(KeyChecksum) == m.Graph.Checksum() {
		return declared, declared, nil
	}
	input, output = arch.Bytes, arch.Bytes
	certain := true
	if gain(n) >= unitGain {
		input = unit
	}
	spread := spread(n)
	switch {
	case r.clip != nil && r.clip.high == 255:
	case r.clip != nil && r.clip.high == 1, spread < byteSpread && input == unit:
		output = unit
	case spread < byteSpread:
		certain = false
	}
	if certain && output == unit {
		input = unit // whoever returns 0..1 takes it
	}
	if a := r.before; a != nil {
		scale, offset := a.at(0)
		switch mean := -offset / scale; { // what becomes 0 is the mean of pictures
		case mean > 0 && mean < 1.5:
			input = unit
		case mean > 10:
			input = arch.Bytes
		}
	}
	switch {
	case !certain && known:
		return declared, declared, nil
	case !certain:
		return input, output, fmt.Errorf("onnx: %w, and its weights do not either (gain %.2g, spread %.2g): it seems to be untrained, or of another family of ranges; `exportonnx -model-range 0..1` or `0..255` makes a file that says so", ErrRange, gain(n), spread)
	case known && (declared != input || declared != output):
		n.Notes = append(n.Notes, fmt.Sprintf("the metadata say %s, but the graph takes %v..%v and returns %v..%v; the graph counts",
			m.Property(KeyRange), input.Low, input.High, output.Low, output.High))
	}
	return input, output, nil
}

// gain returns the deviation of the first convolution's output for an input of
// independent values of deviation 1, in the mean of its filters.
func gain(n *Network) float64 {
	w := n.Weights.Lookup(n.Arch.Layers[0].Conv + ".weight").Data
	sum := 0.0
	for _, v := range w {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(n.Arch.Layers[0].Out))
}

// spread returns the deviation of the output for features of the deviation that the
// last normalization gives them, the larger one of two that are as unlike in space
// as can be: independent from pixel to pixel, or the same everywhere.
func spread(n *Network) float64 {
	last := len(n.Arch.Layers) - 1
	l := &n.Arch.Layers[last]
	w, g := n.Weights.Lookup(l.Conv+".weight").Data, n.Weights.Lookup(n.Arch.Layers[last-1].Norm+".weight").Data
	k := l.Kernel * l.Kernel
	var independent, same float64
	for i := range l.Out * l.In {
		sum := 0.0
		for _, v := range w[i*k:][:k] {
			sum += float64(v)
			independent += square(float64(v) * float64(g[i%l.In]))
		}
		same += square(sum * float64(g[i%l.In]))
	}
	return math.Sqrt(max(independent, same) / float64(l.Out))
}

func square(v float64) float64 { return v * v }
