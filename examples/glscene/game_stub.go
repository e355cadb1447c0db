//go:build !(gl && cgo && linux)

package main

import (
	"context"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/statedict"
)

// play says why there is no OpenGL in this build.
func play(context.Context, settings, statedict.Dict) error {
	_, err := gpu.Open()
	return err
}
