// Package model reads the weights of style transfer networks for the example
// programs, from any of the files that the library writes.
package model

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/onnxexport"
)

// Read returns the weights in a .pth, .safetensors or .onnx file, and notes on
// stderr where in the file it found them if that is not as usual. Its errors name
// the file. When ctx is done, it returns ctx's error.
func Read(ctx context.Context, path string) (statedict.Dict, error) {
	if !strings.EqualFold(filepath.Ext(path), ".onnx") {
		note := func(line string) { cli.Note(path + ": " + line) }
		return weights.ReadFile(path, weights.WithContext(ctx), weights.WithNote(note))
	}
	m, err := onnxexport.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return m.StateDict()
}
