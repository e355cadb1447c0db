package onnxexport

import (
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"strings"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Write writes the network with weights d as an ONNX file to w. Before it
// writes anything, it reads its own bytes back and tests what they say: see
// [Build], [Check] and, if o.Forward is set, [Options.Forward].
func Write(w io.Writer, d statedict.Dict, o Options) error {
	data, err := verified(d, o)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("onnxexport: %w", err)
	}
	return nil
}

// WriteFile writes the network with weights d to an ONNX file, with the same
// tests as [Write]. A file that is there already is replaced in one step, and
// only by a complete one: if anything fails it stays as it was. The path must
// end in .onnx, by which importers know these files.
func WriteFile(path string, d statedict.Dict, o Options) error {
	if !strings.EqualFold(filepath.Ext(path), ".onnx") {
		return fmt.Errorf("onnxexport: %s: the name must end in .onnx", path)
	}
	data, err := verified(d, o)
	if err != nil {
		return err
	}
	err = atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	if err != nil {
		return fmt.Errorf("onnxexport: write %s: %w", path, err)
	}
	return nil
}

// verified returns the bytes of a file that reads back as the model that it was
// made from, keeps the rules and computes what the network computes.
func verified(d statedict.Dict, o Options) ([]byte, error) {
	built, err := Build(d, o)
	if err != nil {
		return nil, err
	}
	data := built.Marshal()
	m, err := onnx.Unmarshal(data)
	if err != nil {
		return nil, fmt.Errorf("onnxexport: cannot read back the exported model: %w", err)
	}
	if !reflect.DeepEqual(m, built) {
		return nil, errors.New("onnxexport: the exported model reads back differently")
	}
	if err := Check(m, o.Profile); err != nil {
		return nil, err
	}
	if o.Forward != nil {
		if err := compare(m, d, o); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// The frame on which an exported graph is compared: small, not square, and so
// large that the innermost layers still see several pixels.
const testHeight, testWidth = 32, 24

// compare runs the model and the network's forward pass on a frame of noise and
// on one of extremes, hard black and white blocks. A constant frame would be
// no test: instance normalization magnifies the rounding errors of a plane
// without contrast by up to 1/sqrt(1e-5).
func compare(m *onnx.Model, d statedict.Dict, o Options) error {
	n := o.Network
	if n == nil {
		var err error
		if n, err = arch.Recognize(d); err != nil {
			return err
		}
	}
	height, width := n.FitSize(testHeight), n.FitSize(testWidth)
	forward := o.Forward
	if o.AnySize {
		forward = extended(n, o.Forward)
		height, width = height-1, width-2
		if w, h := m.Size(); w > 0 {
			// The graph extends frames of one size only. One for a small frame that
			// lacks as much is the same but for two constants.
			o.Height, o.Width = n.FitSize(testHeight)-(n.FitSize(h)-h), n.FitSize(testWidth)-(n.FitSize(w)-w)
			height, width = o.Height, o.Width
			var err error
			if m, err = Build(d, o); err != nil {
				return err
			}
		}
	}
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]float32, 3*height*width)
	blocks := make([]float32, len(noise))
	for i := range noise {
		noise[i] = float32(rng.IntN(256)) / 255
	}
	for i := range blocks {
		x, y := i%width, i/width
		blocks[i] = float32((x/5 + y/3) % 2)
	}
	file := arch.Range{High: 1}
	if o.Bytes || o.Compat {
		file = arch.Bytes
	}
	for _, frame := range []struct {
		name string
		x    []float32
	}{{"noise", noise}, {"black and white blocks", blocks}} {
		want, err := forward(spread(frame.x, n.Input), height, width)
		if err != nil {
			return fmt.Errorf("onnxexport: the network's forward pass on %s: %w", frame.name, err)
		}
		got, err := m.Evaluate(spread(frame.x, file), height, width)
		if err != nil {
			return err
		}
		for i := range got {
			got[i] = (got[i]-file.Low)/(file.High-file.Low)*(n.Output.High-n.Output.Low) + n.Output.Low
		}
		if err := agree(got, want, o.Precision); err != nil {
			return fmt.Errorf("onnxexport: the exported graph computes something else than the network, on a frame of %s: %w", frame.name, err)
		}
	}
	return nil
}

// extended returns forward for frames of any size: it mirrors what a frame lacks at
// the right and lower edge, and crops the result.
func extended(n *arch.Network, forward func([]float32, int, int) ([]float32, error)) func([]float32, int, int) ([]float32, error) {
	return func(x []float32, h, w int) ([]float32, error) {
		h2, w2 := n.FitSize(h), n.FitSize(w)
		large := make([]float32, 0, 3*h2*w2)
		for c := range 3 {
			for i := range h2 {
				for j := range w2 {
					large = append(large, x[(c*h+mirrored(i, h))*w+mirrored(j, w)])
				}
			}
		}
		y, err := forward(large, h2, w2)
		if err != nil || len(y) != len(large) {
			return y, err
		}
		small := make([]float32, 0, len(x))
		for c := range 3 {
			for i := range h {
				small = append(small, y[(c*h2+i)*w2:][:w]...)
			}
		}
		return small, nil
	}
}

// mirrored returns the pixel, of n, that is seen at i.
func mirrored(i, n int) int {
	if i < n {
		return i
	}
	return 2*(n-1) - i
}

// spread turns values of 0..1 into those of a range.
func spread(x []float32, r arch.Range) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = v*(r.High-r.Low) + r.Low
	}
	return y
}

// A float32 forward pass may differ from the float64 interpreter by this much,
// relative to the largest value of the frame: 0.02 of 255 in the mean, ten
// times as much at any one pixel. Rounding stays a factor of ten below that; a
// wrong weight or attribute does not. Half precision rounds a thousand times
// as coarsely.
var (
	meanTolerance = map[Precision]float64{Single: 0.02 / 255, HalfWeights: 0.2 / 255, HalfValues: 1. / 255}
	maxTolerance  = map[Precision]float64{Single: 0.2 / 255, HalfWeights: 4. / 255, HalfValues: 20. / 255}
)

// agree compares two outputs.
func agree(got, want []float32, p Precision) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d values, expected %d", len(got), len(want))
	}
	var scale, mean, worst float64
	for i := range got {
		difference := math.Abs(float64(got[i]) - float64(want[i]))
		if math.IsNaN(difference) || math.IsInf(difference, 0) {
			return fmt.Errorf("value %d is %v, expected %v", i, got[i], want[i])
		}
		mean += difference / float64(len(got))
		worst = max(worst, difference)
		scale = max(scale, math.Abs(float64(want[i])))
	}
	if mean > meanTolerance[p]*scale || worst > maxTolerance[p]*scale {
		return fmt.Errorf("values up to %.4g differ by %.4g in the mean and by up to %.4g", scale, mean, worst)
	}
	return nil
}
