package imageio

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSaveAndLoad(t *testing.T) {
	dir := t.TempDir()
	m := noise(31, 17, 1)
	translucent := noise(31, 17, 2)
	translucent.Alpha = noise(31, 17, 3).Pix[:31*17]
	for _, name := range []string{"a.png", "a.bmp", "a.tif", "a.tiff", "a.PNG"} {
		for _, want := range []*Image{m, translucent} {
			path := filepath.Join(dir, name)
			require.NoError(t, CanSave(path))
			require.NoError(t, Save(path, want, SaveOptions{}))
			got, err := Load(path, Options{KeepAlpha: true})
			require.NoError(t, err)
			require.True(t, bytes.Equal(want.Pix, got.Pix), name)
			if name != "a.bmp" {
				require.True(t, bytes.Equal(want.Alpha, got.Alpha), name)
			}
		}
	}
	soft, err := Load("testdata/pictures/ycc444_33x21.jpg", Options{})
	require.NoError(t, err)
	best := filepath.Join(dir, "b.jpg")
	require.NoError(t, Save(best, soft, SaveOptions{Quality: 100}))
	worst := filepath.Join(dir, "c.jpeg")
	require.NoError(t, Save(worst, soft, SaveOptions{Quality: 1}))
	require.Greater(t, fileSize(t, best), fileSize(t, worst))
	got, err := Load(best, Options{})
	require.NoError(t, err)
	require.Equal(t, [2]int{soft.W, soft.H}, [2]int{got.W, got.H})
}

func fileSize(t *testing.T, path string) int64 {
	info, err := os.Stat(path)
	require.NoError(t, err)
	return info.Size()
}

// TestPillowReadsSaved has Pillow open what Save wrote.
func TestPillowReadsSaved(t *testing.T) {
	const script = `
import sys, json
from PIL import Image
print(json.dumps([[im.mode, *im.size, im.convert("RGBA").tobytes().hex()] for im in map(Image.open, sys.argv[1:])]))
`
	dir := t.TempDir()
	plain, translucent := noise(9, 5, 1), noise(9, 5, 2)
	translucent.Alpha = noise(9, 5, 3).Pix[:45]
	var paths []string
	for _, ext := range []string{".png", ".bmp", ".tiff"} {
		for name, m := range map[string]*Image{"plain": plain, "translucent": translucent} {
			paths = append(paths, filepath.Join(dir, name+ext))
			require.NoError(t, Save(paths[len(paths)-1], m, SaveOptions{}))
		}
	}
	var got [][]any
	require.NoError(t, json.Unmarshal(pillow(t, script, nil, paths...), &got))
	for i, path := range paths {
		want, err := Load(path, Options{KeepAlpha: true})
		require.NoError(t, err)
		require.EqualValues(t, []any{float64(9), float64(5)}, got[i][1:3])
		require.Equal(t, hex.EncodeToString(want.NRGBA().Pix), got[i][3], path)
		if want.Alpha == nil && filepath.Ext(path) != ".tiff" {
			require.Equal(t, "RGB", got[i][0], path)
		}
	}
}

func TestSaveErrors(t *testing.T) {
	dir := t.TempDir()
	m := noise(3, 3, 1)
	for name, want := range map[string]string{
		"picture":       "picture: the file name has no extension: use .png",
		"picture.gif":   "picture.gif: cannot write .gif files",
		"missing/a.png": filepath.FromSlash("missing/a.png: png: ") + whyNot(filepath.Join(dir, "missing", "a.png")),
	} {
		path := filepath.Join(dir, name)
		err := Save(path, m, SaveOptions{})
		require.ErrorContains(t, err, "imageio: "+dir)
		require.ErrorContains(t, err, want)
		require.Equal(t, name == "missing/a.png", errors.Is(err, os.ErrNotExist))
	}
	require.Error(t, CanSave("a/b"))
	require.ErrorContains(t, Save(filepath.Join(dir, "a.jpg"), m, SaveOptions{Quality: 101}), "quality 101")
}

// TestFailedSaveKeepsTheOldFile lets the encoder fail: JPEG cannot be wider
// than 65535 pixels.
func TestFailedSaveKeepsTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.jpg")
	require.NoError(t, Save(path, noise(3, 3, 1), SaveOptions{}))
	before, err := os.ReadFile(path)
	require.NoError(t, err)
	require.ErrorContains(t, Save(path, New(1<<16, 1), SaveOptions{}), path)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, before, after)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1, "a temporary file was left")
}

func TestFloats(t *testing.T) {
	m := New(256, 1)
	for i := range 256 {
		m.Pix[3*i], m.Pix[3*i+1], m.Pix[3*i+2] = uint8(i), uint8(255-i), uint8(i*7)
	}
	f := make([]float32, 3*256)
	ToFloats(f, m)
	require.Equal(t, []float32{0, 1, 2}, f[:3])
	require.Equal(t, []float32{255, 254, 253}, f[256:259])
	for _, rounding := range []Rounding{Truncate, Round} {
		back := &Image{}
		require.NoError(t, FromFloats(back, f, 256, 1, rounding))
		require.Equal(t, m, back)
	}
	for _, c := range []struct {
		v                float32
		truncated, round uint8
	}{
		{-1e30, 0, 0}, {-0.7, 0, 0}, {-0.5, 0, 0}, {0.49999997, 0, 0}, {0.5, 0, 1}, {254.4, 254, 254},
		{254.9999, 254, 255}, {255, 255, 255}, {255.5, 255, 255}, {1e30, 255, 255},
	} {
		got := &Image{}
		require.NoError(t, FromFloats(got, []float32{c.v, 0, 0}, 1, 1, Truncate))
		require.Equal(t, c.truncated, got.Pix[0], c.v)
		require.NoError(t, FromFloats(got, []float32{c.v, 0, 0}, 1, 1, Round))
		require.Equal(t, c.round, got.Pix[0], c.v)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		f[256+9] = float32(v)
		err := FromFloats(&Image{}, f, 16, 16, Truncate)
		require.ErrorContains(t, err, "channel 1 at x 9, y 0")
	}
}
