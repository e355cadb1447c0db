//go:build cgo && !windows

package main

import (
	"encoding/hex"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestFromC builds the library and a C program that uses it.
func TestFromC(t *testing.T) {
	need.Tool(t, "cc")
	dir := t.TempDir()
	d := nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 1, 3).StateDict()
	w := d.Lookup("deconv3.conv2d.weight")
	for i := range w.Data {
		w.Data[i] *= 100
	}
	model := filepath.Join(dir, "final.pth")
	require.NoError(t, weights.WriteFile(model, d))

	build := func(name string, args ...string) {
		out, err := exec.Command(name, args...).CombinedOutput()
		require.NoError(t, err, "%s %v: %s", name, args, out)
	}
	lib := filepath.Join(dir, "libimpasto.so")
	build("go", "build", "-buildmode=c-shared", "-o", lib, ".")
	program := filepath.Join(dir, "use")
	build("cc", "-Wall", "-Werror", "-I", dir, "-o", program, filepath.Join("testdata", "use.c"), lib, "-Wl,-rpath,"+dir)
	out, err := exec.Command(program, model).Output()
	require.NoError(t, err, "%s", out)
	got, err := hex.DecodeString(string(out))
	require.NoError(t, err)

	m, err := stylize.Load(model)
	require.NoError(t, err)
	session := m.NewSession()
	defer session.Close()
	want := make([]byte, 16*12*4)
	for i := range want {
		want[i] = byte(i * 7)
		if i%4 == 3 {
			want[i] = 255
		}
	}
	require.NoError(t, session.StylizeRGBA(want, want, 16, 12, 64))
	require.Equal(t, want, got)
}
