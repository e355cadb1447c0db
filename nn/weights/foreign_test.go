package weights_test

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

// TestNotFinite: a value that is not finite is named, whichever tensor it is in and
// however the file is stored.
func TestNotFinite(t *testing.T) {
	for _, name := range []string{"w.pth", "w.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			for i := range sample() {
				d := sample()
				d[i].Data[1] = float32(v)
				require.NoError(t, weights.WriteFile(path, d))
				_, err := weights.ReadFile(path)
				var bad *statedict.NonFinite
				require.ErrorAs(t, err, &bad)
				require.Equal(t, d[i].Name, bad.Name)
				require.Equal(t, 1, bad.At)
				require.ErrorContains(t, err, path)
				require.ErrorContains(t, err, "diverged")
				// What is not asked for does not matter.
				_, err = weights.ReadFile(path, weights.WithFilter(func(name string) bool { return name != d[i].Name }))
				require.NoError(t, err)
			}
		}
	}
}

// TestWrapped: weights of wrapped modules are those of the module, in both formats,
// and a line says what was done.
func TestWrapped(t *testing.T) {
	for _, name := range []string{"w.pth", "w.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		d := sample()
		for i := range d {
			d[i].Name = "module.generator." + d[i].Name
		}
		d = append(d, statedict.Entry{Name: "module.discriminator.w", Shape: []int{1}, Data: []float32{1}})
		require.NoError(t, weights.WriteFile(path, d))
		var notes []string
		got, err := weights.ReadFile(path, weights.WithNote(func(line string) { notes = append(notes, line) }))
		require.NoError(t, err)
		require.Equal(t, sample(), got)
		require.Len(t, notes, 2)
		require.Contains(t, notes[0], `"module.", "generator."`)
	}
}

func TestCanceled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, name := range []string{"w.pth", "w.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, weights.WriteFile(path, sample()))
		_, err := weights.ReadFile(path, weights.WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
	}
}

// TestForeignFiles: what is no weights file is called by its name.
func TestForeignFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.pth")
	tar := make([]byte, 1024)
	copy(tar[257:], "ustar")
	for want, content := range map[string]string{
		"gzip":      "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
		"7z":        "7z\xbc\xaf\x27\x1c\x00\x04",
		"HDF5":      "\x89HDF\r\n\x1a\n\x00\x00",
		"NumPy":     "\x93NUMPY\x01\x00v\x00{'descr': '<f4'",
		"language":  "GGUF\x03\x00\x00\x00",
		"ONNX":      "\x08\x07\x12\x07pytorch\x1a\x03",
		"tar":       string(tar),
		"Torch7":    "\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1",
		"a program": "\x7fELF\x02\x01\x01",
		"a picture": "\xff\xd8\xff\xe0\x00\x10JFIF",
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := weights.ReadFile(path)
		require.ErrorIs(t, err, weights.ErrCorrupt, want)
		require.ErrorContains(t, err, want)
		require.Equal(t, 1, strings.Count(err.Error(), path))
	}
}

// TestFixtures reads all fixtures of pth through the content's detection.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("../pth/testdata/*.pth")
	require.NoError(t, err)
	require.Greater(t, len(files), 30)
	for _, f := range files {
		want, wantErr := pth.ReadFile(f)
		got, err := weights.ReadFile(f)
		require.Equal(t, wantErr == nil, err == nil, "%s: %v", f, err)
		require.Equal(t, want, got)
	}
}
