package weights_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
)

func sample() statedict.Dict {
	return statedict.Dict{
		{Name: "conv.weight", Shape: []int{2, 2}, Data: []float32{1, 2, 3, 4}},
		{Name: "conv.bias", Shape: []int{2}, Data: []float32{5, 6}},
	}
}

// Example converts a PyTorch file to safetensors.
func Example() {
	dir, _ := os.MkdirTemp("", "weights")
	defer os.RemoveAll(dir)
	model := filepath.Join(dir, "final.pth")
	if err := weights.WriteFile(model, sample()); err != nil {
		fmt.Println(err)
	}

	d, err := weights.ReadFile(model)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := weights.WriteFile(filepath.Join(dir, "final.safetensors"), d); err != nil {
		fmt.Println(err)
	}
	for _, e := range d {
		fmt.Println(e.Name, e.Shape, e.Data)
	}
	// Output:
	// conv.weight [2 2] [1 2 3 4]
	// conv.bias [2] [5 6]
}

// TestByContent: the content tells the format, whatever the name.
func TestByContent(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.pth", "b.pt", "c.safetensors", "D.PTH"} {
		path := filepath.Join(dir, name)
		require.NoError(t, weights.WriteFile(path, sample()))
		moved := filepath.Join(dir, "weights")
		require.NoError(t, os.Rename(path, moved))
		got, err := weights.ReadFile(moved)
		require.NoError(t, err)
		require.Equal(t, sample(), got)
		got, err = weights.ReadFile(moved, weights.WithFilter(func(name string) bool { return name == "conv.bias" }))
		require.NoError(t, err)
		require.Equal(t, sample()[1:], got)
		_, err = weights.ReadFile(moved, weights.WithMaxBytes(10))
		require.ErrorIs(t, err, weights.ErrTooLarge)
	}
	got, err := weights.ReadFile("../pth/testdata/legacy.pth")
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.ErrorContains(t, weights.WriteFile(filepath.Join(dir, "x.onnx"), sample()), ".safetensors")
}

// TestHeaderLikePickle: a safetensors header of 640 bytes makes the file begin like
// a pickle.
func TestHeaderLikePickle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	for pad := 0; ; pad += 8 {
		require.NoError(t, safetensors.WriteFile(path, sample(), map[string]string{"pad": strings.Repeat("x", pad)}))
		file, err := os.ReadFile(path)
		require.NoError(t, err)
		if file[0] == 0x80 && file[1] == 2 {
			break
		}
	}
	got, err := weights.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, sample(), got)
}

func TestErrorsSayWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.pth")
	_, err := weights.ReadFile(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, err, path)
	_, err = weights.ReadFile(filepath.Dir(path))
	require.ErrorContains(t, err, "not a regular file")

	require.NoError(t, pth.WriteFile(path, sample()))
	zip, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, safetensors.WriteFile(path, sample(), nil))
	safe, err := os.ReadFile(path)
	require.NoError(t, err)
	legacy, err := os.ReadFile("../pth/testdata/legacy.pth")
	require.NoError(t, err)
	for want, content := range map[string]string{
		"empty":                "",
		"neither":              "x",
		"neither a PyTorch":    "\x89PNG\r\n\x1a\n0123456789",
		"web page":             "\n <!DOCTYPE html><html><body>Sign in</body></html>",
		"git lfs pull":         "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 574673361\n",
		"unfinished download":  string(make([]byte, 5000)),
		"directory at its end": string(zip[:len(zip)-30]),
		"the header describes": string(safe[:len(safe)-3]),
		"inside storage":       string(legacy[:len(legacy)-3]),
		"compare the sizes":    string(legacy[:100]),
		"torch.save":           "\x80\x04K\x01.",
	} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := weights.ReadFile(path)
		require.ErrorIs(t, err, weights.ErrCorrupt, want)
		require.ErrorContains(t, err, path)
		require.ErrorContains(t, err, want)
	}
}

// TestONNX reads a network out of a graph that PyTorch exported, and one whose
// weights another program has changed, which is noted.
func TestONNX(t *testing.T) {
	file := "../onnx/testdata/export/examples_15_renamed.onnx"
	got, err := weights.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "conv1.conv2d.weight", got[0].Name)
	require.Len(t, got, 38)
	got, err = weights.ReadFile(file, weights.WithFilter(func(name string) bool { return name == "res1.in1.bias" }))
	require.NoError(t, err)
	require.Len(t, got, 1)
	_, err = weights.ReadFile(file, weights.WithMaxBytes(1000))
	require.ErrorIs(t, err, weights.ErrTooLarge)

	m, err := onnx.ReadFile(file)
	require.NoError(t, err)
	m.SetProperty(onnx.KeyChecksum, "00")
	path := filepath.Join(t.TempDir(), "weights") // the content tells the format
	require.NoError(t, os.WriteFile(path, m.Marshal(), 0o600))
	var notes []string
	_, err = weights.ReadFile(path, weights.WithNote(func(line string) { notes = append(notes, line) }))
	require.NoError(t, err)
	require.Len(t, notes, 1)
	require.Contains(t, notes[0], "checksum")
	m.Graph.Nodes[0].Op = "Sin"
	require.NoError(t, os.WriteFile(path, m.Marshal(), 0o600))
	_, err = weights.ReadFile(path)
	require.ErrorContains(t, err, path+": onnx: the graph holds what style transfer networks do not")
}
