// Package model reads the weights of style transfer networks for the example
// programs, from any of the files that the library reads.
package model

import (
	"context"
	"fmt"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

// Read returns the weights in a .pth, .safetensors or .onnx file, and notes on
// stderr what in the file is not as usual. Its errors name the file. When ctx is
// done, it returns ctx's error.
func Read(ctx context.Context, path string) (statedict.Dict, error) {
	note := func(line string) { cli.Note(path + ": " + line) }
	d, err := weights.ReadFile(path, weights.WithContext(ctx), weights.WithNote(note))
	if err != nil {
		return nil, err
	}
	count := 0
	for _, e := range d {
		if statedict.IsRunningStatistic(e.Name) {
			count++
		}
	}
	if count > 0 {
		note(fmt.Sprintf("%d running statistics of normalizations, which never used them, are left out", count))
	}
	return d, nil
}
