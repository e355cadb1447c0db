//go:build !(gl && cgo && (linux || windows))

package gpu_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
)

func TestStubSaysHowToBuild(t *testing.T) {
	_, err := gpu.Open()
	require.ErrorIs(t, err, gpu.ErrUnavailable)
	require.ErrorContains(t, err, "-tags gl")
	_, err = gpu.FromCurrent(func(string) unsafe.Pointer { return nil })
	require.ErrorIs(t, err, gpu.ErrUnavailable)
	require.Nil(t, gpu.ProcAddress("glFinish"))
}
