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

// library builds the library and a model for it.
func library(t *testing.T) (dir, model string) {
	need.Tool(t, "cc")
	dir = t.TempDir()
	d := nn.NewTransformerNet(reference.New(), [3]int{4, 6, 8}, 1, 3).StateDict()
	w := d.Lookup("deconv3.conv2d.weight")
	for i := range w.Data {
		w.Data[i] *= 100
	}
	model = filepath.Join(dir, "final.pth")
	require.NoError(t, weights.WriteFile(model, d))
	build(t, "go", "build", "-buildmode=c-shared", "-o", filepath.Join(dir, "libimpasto.so"), ".")
	return dir, model
}

func build(t *testing.T, name string, args ...string) {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
}

// styled returns what the package makes of the programs' frame.
func styled(t *testing.T, model string, keepColor bool) []byte {
	m, err := stylize.Load(model)
	require.NoError(t, err)
	session := m.NewSession()
	defer session.Close()
	session.KeepColor = keepColor
	frame := make([]byte, 16*12*4)
	for i := range frame {
		frame[i] = byte(i * 7)
		if i%4 == 3 {
			frame[i] = 255
		}
	}
	require.NoError(t, session.StylizeRGBA(frame, frame, 16, 12, 64))
	return frame
}

// TestFromC builds the library and a C program that uses it.
func TestFromC(t *testing.T) {
	dir, model := library(t)
	program := filepath.Join(dir, "use")
	build(t, "cc", "-Wall", "-Werror", "-I", dir, "-o", program, filepath.Join("testdata", "use.c"), filepath.Join(dir, "libimpasto.so"), "-Wl,-rpath,"+dir)
	out, err := exec.Command(program, model).Output()
	require.NoError(t, err, "%s", out)
	got, err := hex.DecodeString(string(out))
	require.NoError(t, err)
	require.Equal(t, styled(t, model, false), got)
}

// TestFromMono calls the library from C#, with a model in memory.
func TestFromMono(t *testing.T) {
	mono, mcs := need.Tool(t, "mono"), need.Tool(t, "mcs")
	dir, model := library(t)
	program := filepath.Join(dir, "use.exe")
	build(t, mcs, "-nologo", "-out:"+program, filepath.Join("testdata", "Use.cs"))
	for _, keep := range []bool{false, true} {
		cmd := exec.Command(mono, program, model, map[bool]string{false: "plain", true: "keep"}[keep])
		cmd.Env = append(cmd.Environ(), "LD_LIBRARY_PATH="+dir)
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
		got, err := hex.DecodeString(string(out))
		require.NoError(t, err, "%s", out)
		require.Equal(t, styled(t, model, keep), got)
	}
}
