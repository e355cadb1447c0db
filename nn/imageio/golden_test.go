package imageio

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
)

// TestResizeEqualsGolden compares with what torchvision and Pillow made of a picture.
func TestResizeEqualsGolden(t *testing.T) {
	pictures := golden.Read(t, "resize.safetensors")
	want := func(name string) *Image {
		e := pictures.Get(t, name)
		return &Image{W: e.Shape[1], H: e.Shape[0], Pix: e.Bytes}
	}
	src := want("source")
	for size, name := range map[int]string{32: "resize_crop_32", 96: "resize_crop_96"} {
		require.Equal(t, want(name), CenterCrop(ResizeShorter(src, size), size, size))
		got := &Image{}
		new(Resizer).Square(got, src, size)
		require.Equal(t, want(name), got)
	}
	require.Equal(t, want("lanczos_40x40"), Resize(src, 40, 40, Lanczos))
	require.Equal(t, want("lanczos_130x50"), Resize(src, 130, 50, Lanczos))
	got, err := Scale(src, 2.5)
	require.NoError(t, err)
	require.Equal(t, want("lanczos_scale_2.5"), got)
}

// TestJPEGLikePillow decodes a drawn picture in the usual kinds of JPEG file. The
// inverse DCTs differ by rounding.
func TestJPEGLikePillow(t *testing.T) {
	dir := golden.Path(t, "jpeg")
	files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	require.NoError(t, err)
	require.Len(t, files, 7)
	for _, path := range files {
		got, err := Load(path, Options{})
		require.NoError(t, err)
		want, err := Load(path[:len(path)-len("jpg")]+"png", Options{})
		require.NoError(t, err)
		requireClose(t, want, got, tolerance(path))
		require.LessOrEqual(t, meanDifference(want, got), 0.05, path)
	}
}
