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
	"github.com/impasto-go/impasto/nn/statedict"
)

// Write writes the network with weights d as an ONNX file to w. Before it
// writes anything, it reads its own bytes back and tests what they say: see
// [Build], [Model.Check] and, if o.Forward is set, [Options.Forward].
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
	m, err := Unmarshal(data)
	if err != nil {
		return nil, fmt.Errorf("onnxexport: cannot read back the exported model: %w", err)
	}
	if !reflect.DeepEqual(m, built) {
		return nil, errors.New("onnxexport: the exported model reads back differently")
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	if o.Forward != nil {
		if err := m.compare(o.Forward); err != nil {
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
func (m *Model) compare(forward func(x []float32, h, w int) ([]float32, error)) error {
	rng := rand.New(rand.NewPCG(1, 2))
	noise := make([]float32, 3*testHeight*testWidth)
	blocks := make([]float32, len(noise))
	for i := range noise {
		noise[i] = float32(rng.IntN(256))
	}
	for i := range blocks {
		x, y := i%testWidth, i/testWidth
		blocks[i] = 255 * float32((x/5+y/3)%2)
	}
	for _, frame := range []struct {
		name string
		x    []float32
	}{{"noise", noise}, {"black and white blocks", blocks}} {
		want, err := forward(frame.x, testHeight, testWidth)
		if err != nil {
			return fmt.Errorf("onnxexport: the network's forward pass on %s: %w", frame.name, err)
		}
		got, err := m.evaluateBytes(frame.x, testHeight, testWidth)
		if err != nil {
			return err
		}
		if err := agree(got, want); err != nil {
			return fmt.Errorf("onnxexport: the exported graph computes something else than the network, on a frame of %s: %w", frame.name, err)
		}
	}
	return nil
}

// evaluateBytes evaluates a frame of values 0..255, whatever range the model
// takes.
func (m *Model) evaluateBytes(x []float32, h, w int) ([]float32, error) {
	if m.Property(keyRange) != unitRange {
		return m.Evaluate(x, h, w)
	}
	unit := make([]float32, len(x))
	for i, v := range x {
		unit[i] = v / 255
	}
	y, err := m.Evaluate(unit, h, w)
	for i := range y {
		y[i] *= 255
	}
	return y, err
}

// A float32 forward pass may differ from the float64 interpreter by this much,
// relative to the largest value of the frame: 0.02 of 255 in the mean, ten
// times as much at any one pixel. Rounding stays a factor of ten below that; a
// wrong weight or attribute does not.
const (
	meanTolerance = 0.02 / 255
	maxTolerance  = 0.2 / 255
)

// agree compares two outputs.
func agree(got, want []float32) error {
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
	if mean > meanTolerance*scale || worst > maxTolerance*scale {
		return fmt.Errorf("values up to %.4g differ by %.4g in the mean and by up to %.4g", scale, mean, worst)
	}
	return nil
}
