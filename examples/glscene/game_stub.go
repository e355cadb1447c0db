//go:build !(gl && cgo && linux)

package main

import (
	"fmt"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn/statedict"
)

// onGL says why there is no OpenGL in this build.
func (s settings) onGL(statedict.Dict, func(g game, name string) error) error {
	_, err := gpu.Open()
	return fmt.Errorf("%w; -device cpu needs none", err)
}
