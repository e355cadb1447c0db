// Package model reads the weights of style transfer networks for the example
// programs, from any of the files that the library writes.
package model

import (
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/onnxexport"
)

// Read returns the weights in a .pth, .safetensors or .onnx file. Its errors name
// the file.
func Read(path string) (statedict.Dict, error) {
	if !strings.EqualFold(filepath.Ext(path), ".onnx") {
		return weights.ReadFile(path)
	}
	m, err := onnxexport.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return m.StateDict()
}
