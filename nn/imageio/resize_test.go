package imageio

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// noise returns a picture of random bytes in which hard edges make filters
// overshoot.
func noise(w, h int, seed uint64) *Image {
	rng := rand.New(rand.NewPCG(seed, 0))
	m := New(w, h)
	for i := range m.Pix {
		m.Pix[i] = uint8(rng.Uint32())
		if rng.IntN(3) == 0 {
			m.Pix[i] = uint8(rng.IntN(2) * 255)
		}
	}
	return m
}

func TestResizeEqualsPillow(t *testing.T) {
	const script = `
import sys, numpy as np
from PIL import Image
data = sys.stdin.buffer.read(); at = 0
for line in sys.argv[1:]:
    w, h, ow, oh, f = map(int, line.split())
    a = np.frombuffer(data, np.uint8, w * h * 3, at).reshape(h, w, 3); at += w * h * 3
    sys.stdout.buffer.write(Image.fromarray(a).resize((ow, oh), [Image.BILINEAR, Image.LANCZOS][f]).tobytes())
`
	type job struct{ w, h, ow, oh, f int }
	jobs := []job{
		{1, 1, 7, 5, 0}, {1, 1, 7, 5, 1}, {5, 7, 1, 1, 0}, {5, 7, 1, 1, 1},
		{300, 2, 2, 300, 1}, {40, 30, 40, 12, 1}, {40, 30, 12, 30, 0}, {40, 30, 40, 30, 1},
		{640, 427, 383, 256, 0}, {850, 600, 256, 181, 1}, {100, 75, 341, 256, 0},
	}
	rng := rand.New(rand.NewPCG(7, 7))
	for range 60 {
		jobs = append(jobs, job{1 + rng.IntN(90), 1 + rng.IntN(90), 1 + rng.IntN(90), 1 + rng.IntN(90), rng.IntN(2)})
	}
	var stdin []byte
	var args []string
	for i, j := range jobs {
		stdin = append(stdin, noise(j.w, j.h, uint64(i)).Pix...)
		args = append(args, strings.Trim(fmt.Sprint(j), "{}"))
	}
	out := pillow(t, script, stdin, args...)
	var r Resizer // one for all, so that stale scratch would show
	dst := &Image{}
	for i, j := range jobs {
		n := 3 * j.ow * j.oh
		r.Resize(dst, noise(j.w, j.h, uint64(i)), j.ow, j.oh, Filter(j.f))
		require.True(t, bytes.Equal(out[:n], dst.Pix), "%+v", j)
		out = out[n:]
	}
	require.Empty(t, out)
}

// TestSquareEqualsTorchvision compares sizes and offsets too: the script
// restates torchvision's resize and center_crop with Pillow.
func TestSquareEqualsTorchvision(t *testing.T) {
	const script = `
import sys, numpy as np
from PIL import Image
data = sys.stdin.buffer.read(); at = 0
for line in sys.argv[1:]:
    w, h, size = map(int, line.split())
    a = np.frombuffer(data, np.uint8, w * h * 3, at).reshape(h, w, 3); at += w * h * 3
    short, long = (w, h) if w <= h else (h, w)
    long = int(size * long / short)
    ow, oh = (size, long) if w <= h else (long, size)
    top, left = int(round((oh - size) / 2.0)), int(round((ow - size) / 2.0))
    im = Image.fromarray(a).resize((ow, oh), Image.BILINEAR).crop((left, top, left + size, top + size))
    sys.stdout.buffer.write(im.tobytes())
`
	var stdin []byte
	var args []string
	var sources []*Image
	var sizes []int
	rng := rand.New(rand.NewPCG(8, 8))
	add := func(w, h, size int) {
		sources, sizes = append(sources, noise(w, h, uint64(len(sources)))), append(sizes, size)
		stdin = append(stdin, sources[len(sources)-1].Pix...)
		args = append(args, fmt.Sprint(w, h, size))
	}
	add(960, 540, 256) // (455-256)/2 = 99.5 rounds to 100
	add(256, 257, 256)
	add(64, 64, 64)
	add(200, 150, 256)
	add(1, 90, 16)
	for range 40 {
		add(1+rng.IntN(120), 1+rng.IntN(120), 1+rng.IntN(64))
	}
	out := pillow(t, script, stdin, args...)
	var r Resizer
	dst := &Image{}
	for i, src := range sources {
		n := 3 * sizes[i] * sizes[i]
		r.Square(dst, src, sizes[i])
		require.True(t, bytes.Equal(out[:n], dst.Pix), args[i])
		require.True(t, bytes.Equal(out[:n], CenterCrop(ResizeShorter(src, sizes[i]), sizes[i], sizes[i]).Pix), args[i])
		out = out[n:]
	}
}

func TestCenterCrop(t *testing.T) {
	src := New(5, 4)
	src.Alpha = make([]uint8, 20)
	for i := range src.Alpha {
		src.Alpha[i], src.Pix[3*i] = uint8(i+1), uint8(i+1)
	}
	reds := func(m *Image) (v []uint8) {
		for i := range m.W * m.H {
			require.Equal(t, m.Alpha[i], m.Pix[3*i])
			v = append(v, m.Pix[3*i])
		}
		return v
	}
	// (5-2)/2 = 1.5 rounds to 2; (4-3)/2 = 0.5 rounds to 0.
	require.Equal(t, []uint8{3, 4, 8, 9, 13, 14}, reds(CenterCrop(src, 2, 3)))
	// Padding is (6-5)/2 = 0 left, (6-4)/2 = 1 above.
	require.Equal(t, []uint8{
		0, 0, 0, 0, 0, 0,
		1, 2, 3, 4, 5, 0,
		6, 7, 8, 9, 10, 0,
		11, 12, 13, 14, 15, 0,
		16, 17, 18, 19, 20, 0,
		0, 0, 0, 0, 0, 0,
	}, reds(CenterCrop(src, 6, 6)))
}

func TestResizeAlpha(t *testing.T) {
	src := noise(20, 10, 1)
	src.Alpha = make([]uint8, 200)
	for i := range src.Alpha {
		src.Alpha[i] = src.Pix[3*i] // so that alpha must come out as red does
	}
	for _, f := range []Filter{Bilinear, Lanczos} {
		got := Resize(src, 7, 13, f)
		for i := range got.Alpha {
			require.Equal(t, got.Pix[3*i], got.Alpha[i])
		}
	}
}

func TestScale(t *testing.T) {
	src := noise(10, 8, 1)
	got, err := Scale(src, 1)
	require.NoError(t, err)
	require.Same(t, src, got)
	got, err = Scale(src, 3)
	require.NoError(t, err)
	require.Equal(t, Resize(src, 3, 2, Lanczos), got)
	got, err = Scale(src, 0.5)
	require.NoError(t, err)
	require.Equal(t, Resize(src, 20, 16, Lanczos), got)
	zero := 0.0
	for _, bad := range []float64{0, -1, 9, 1e-9, zero / zero} {
		_, err := Scale(src, bad)
		require.Error(t, err, bad)
	}
}

func TestSizePanics(t *testing.T) {
	src := noise(3, 3, 1)
	for _, f := range []func(){
		func() { Resize(src, 0, 5, Bilinear) },
		func() { Resize(&Image{}, 5, 5, Bilinear) },
		func() { ResizeShorter(src, 0) },
		func() { CenterCrop(src, 3, -1) },
		func() { New(0, 1) },
		func() { ToFloats(make([]float32, 26), src) },
		func() { _ = FromFloats(&Image{}, make([]float32, 26), 3, 3, Truncate) },
	} {
		func() {
			defer func() {
				_, ok := recover().(*SizeError)
				require.True(t, ok)
			}()
			f()
		}()
	}
}

// TestSquareOfAStrip checks that only what is kept is computed: the whole
// picture would have 65535*256 x 256 pixels.
func TestSquareOfAStrip(t *testing.T) {
	dst := &Image{}
	new(Resizer).Square(dst, noise(65535, 1, 3), 256)
	require.Len(t, dst.Pix, 256*256*3)
}

func BenchmarkSquare(b *testing.B) {
	src, dst := noise(640, 427, 1), &Image{}
	var r Resizer
	for b.Loop() {
		r.Square(dst, src, 256)
	}
}

func BenchmarkLanczos(b *testing.B) {
	src, dst := noise(850, 850, 1), &Image{}
	var r Resizer
	for b.Loop() {
		r.Resize(dst, src, 256, 256, Lanczos)
	}
}
