package weights_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

// TestRead wants of a stream what ReadFile makes of the same file, with all options.
func TestRead(t *testing.T) {
	for _, name := range []string{"w.pth", "w.safetensors"} {
		path := filepath.Join(t.TempDir(), name)
		d := sample()
		for i := range d {
			d[i].Name = "module." + d[i].Name
		}
		require.NoError(t, weights.WriteFile(path, d))
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := weights.Read(iotest.HalfReader(bytes.NewReader(data)))
		require.NoError(t, err)
		require.Equal(t, sample(), got)
		got, err = weights.Read(bytes.NewReader(data), weights.WithFilter(func(name string) bool { return name == "conv.bias" }))
		require.NoError(t, err)
		require.Equal(t, sample()[1:], got)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_, err = weights.Read(bytes.NewReader(data), weights.WithContext(ctx))
		require.ErrorIs(t, err, context.Canceled)
		_, err = weights.Read(bytes.NewReader(data[:len(data)-3]))
		require.ErrorIs(t, err, weights.ErrCorrupt)

		d[1].Data[0] = float32(math.NaN())
		require.NoError(t, weights.WriteFile(path, d))
		data, err = os.ReadFile(path)
		require.NoError(t, err)
		_, err = weights.Read(bytes.NewReader(data))
		var bad *statedict.NonFinite
		require.ErrorAs(t, err, &bad)
		broken := errors.New("broken")
		_, err = weights.Read(io.MultiReader(bytes.NewReader(data), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken, "although what came before it is a file")
	}
}

// TestOptionsAreTheCallers appends nothing to memory of the caller.
func TestOptionsAreTheCallers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w.pth")
	d := append(sample(), statedict.Entry{Name: "x", Shape: []int{1}, Data: []float32{1}})
	require.NoError(t, weights.WriteFile(path, d))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	keep := func(want string) weights.Option {
		return weights.WithFilter(func(name string) bool { return name == want })
	}
	opts := []weights.Option{keep("conv.bias"), keep("x")}
	_, err = weights.ReadFile(path, opts[:1]...)
	require.NoError(t, err)
	_, err = weights.Read(bytes.NewReader(data), opts[:1]...)
	require.NoError(t, err)
	got, err := weights.ReadFile(path, opts...)
	require.NoError(t, err)
	require.Equal(t, "x", got[0].Name)
}

// TestShortFiles: every beginning of a file that could be one of several kinds is an
// error that says so.
func TestShortFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.pth")
	tar := make([]byte, 262)
	copy(tar, "name")
	copy(tar[257:], "ustar")
	for content, want := range map[string]string{
		"BZh91AY&SY":                 "bzip2",
		"\xfd7zXZ\x00\x00\x04":       "xz",
		"Rar!\x1a\x07\x01\x00":       "RAR",
		"MZ\x90\x00\x03\x00\x00\x00": "Windows program",
		"%PDF-1.7\n":                 "PDF",
		"Version HTTPS://git-lfs.github.com/spec/v1\n": "git lfs pull",
		"\x08":            "neither",
		"\x08\x07":        "neither",
		"\x08\x07\x0a":    "neither",
		"\x08\x80\x12":    "neither",
		"12345678":        "neither",
		string(tar[:261]): "neither",
		string(tar):       "neither",
		string(tar) + "0": "tar archive",
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := weights.ReadFile(path)
		require.ErrorIs(t, err, weights.ErrCorrupt, "%q", content)
		require.ErrorContains(t, err, want, "%q", content)
	}
}
