package imageio

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// pillow runs a Python script that imports PIL and returns its output.
func pillow(t *testing.T, script string, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(need.Tool(t, "pillow"), append([]string{"-W", "ignore", "-c", script}, args...)...)
	cmd.Stdin = bytes.NewReader(stdin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

// TestPhotographsLikePillow decodes and resizes photographs. The inverse DCTs differ
// by rounding; resizing what Pillow decoded must not differ at all.
func TestPhotographsLikePillow(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(need.Shared(t, "data/photos/8049.jpg")), "*.jpg"))
	require.NoError(t, err)
	const script = `
import sys
from PIL import Image
for path in sys.argv[1:]:
    im = Image.open(path).convert("RGB")
    for x in im, im.resize((256, 171), Image.BILINEAR), im.resize((200, 300), Image.LANCZOS):
        sys.stdout.buffer.write(x.tobytes())
`
	out := pillow(t, script, nil, paths...)
	next := func(w, h int) *Image {
		m := &Image{W: w, H: h, Pix: out[:3*w*h]}
		out = out[3*w*h:]
		return m
	}
	for _, path := range paths {
		got, err := Load(path, Options{})
		require.NoError(t, err)
		want := next(got.W, got.H)
		requireClose(t, want, got, tolerance(path))
		require.LessOrEqual(t, meanDifference(want, got), 0.05, path)
		require.True(t, bytes.Equal(next(256, 171).Pix, Resize(want, 256, 171, Bilinear).Pix), path)
		require.True(t, bytes.Equal(next(200, 300).Pix, Resize(want, 200, 300, Lanczos).Pix), path)
	}
	require.Empty(t, out)
}

func meanDifference(a, b *Image) float64 {
	sum := 0
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a.Pix))
}
