package onnxexport

import (
	"fmt"
	"io"
	"os"
	"regexp"

	"github.com/impasto-go/impasto/nn/statedict"
)

// maxFile is the largest ONNX file that is read: protobuf's own limit.
const maxFile = 1<<31 - 1

// ReadFile reads an ONNX file; see [Unmarshal] for what it checks.
func ReadFile(path string) (*Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("onnxexport: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("onnxexport: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("onnxexport: %s is not a regular file", path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("onnxexport: %s has %d bytes, more than an ONNX file can have", path, info.Size())
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("onnxexport: read %s: %w", path, err)
	}
	m, err := Unmarshal(data)
	if err != nil {
		return nil, fmt.Errorf("onnxexport: %s: %w", path, err)
	}
	return m, nil
}

// weightName matches the parameters of PyTorch modules among a graph's
// constants.
var weightName = regexp.MustCompile(`\.(weight|bias)$`)

// StateDict returns the weights of a style transfer network under PyTorch's
// names and in PyTorch's order, as [Build] takes them. It reads the files of
// this package and those that PyTorch exports with the parameters' names. The
// weights of a file with the 0..1 range are scaled back to 0..255, to within
// one rounding of the original. If weights are missing, left over or have
// other shapes, the error wraps a *[statedict.Mismatch] that lists them.
func (m *Model) StateDict() (statedict.Dict, error) {
	var d statedict.Dict
	for i := range m.Graph.Initializers {
		t := &m.Graph.Initializers[i]
		if !weightName.MatchString(t.Name) {
			continue
		}
		data, err := t.Floats()
		if err != nil {
			return nil, err
		}
		shape := make([]int, len(t.Dims))
		for i, n := range t.Dims {
			shape[i] = int(n)
		}
		d = append(d, statedict.Entry{Name: t.Name, Shape: shape, Data: data})
	}
	_, d, err := arrange(d)
	if err != nil {
		return nil, err
	}
	if m.Property(keyRange) == unitRange {
		d = scaled(d, 1./255)
	}
	return d, nil
}
