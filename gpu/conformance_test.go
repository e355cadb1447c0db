//go:build gl && cgo && linux

package gpu_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/backendtest"
)

// open opens a device. Without one it skips, unless IMPASTO_REQUIRE lists
// opengl.
func open(t testing.TB, opts ...gpu.Option) *gpu.Device {
	t.Helper()
	d, err := gpu.Open(opts...)
	if err != nil {
		if strings.Contains(os.Getenv("IMPASTO_REQUIRE"), "opengl") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return d
}

// flush is what the OpenGL Shading Language allows.
var flush = backendtest.Tolerance{FlushSubnormals: true}

func TestConformance(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backend.Backend { return open(t) }, flush)
}

// TestConformanceSplit cuts everything beyond 192 KiB into slabs.
func TestConformanceSplit(t *testing.T) {
	backendtest.Run(t, func(t testing.TB) backend.Backend { return open(t, gpu.MaxBlock(192<<10)) }, flush)
}
