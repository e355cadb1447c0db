//go:build !(gl && cgo && (linux || windows))

package main

import (
	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/gpu"
)

// textureFrames needs a device, which this build never opens.
func textureFrames(*gpu.Device, work.Filters, int, int, bool, string) ([]work.Case, func(), error) {
	return nil, nil, gpu.ErrUnavailable
}
