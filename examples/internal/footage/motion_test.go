package footage

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train/dataset"
)

// texture is a picture that is defined everywhere, with detail of 3 to 30 pixels.
func texture(seed uint64) func(x, y float64) float64 {
	rng := rand.New(rand.NewPCG(seed, 1))
	type wave struct{ u, v, phase, size float64 }
	var waves []wave
	for range 24 {
		length, angle := 6+30*rng.Float64(), 2*math.Pi*rng.Float64()
		sin, cos := math.Sincos(angle)
		waves = append(waves, wave{2 * math.Pi * cos / length, 2 * math.Pi * sin / length, 2 * math.Pi * rng.Float64(), 14})
	}
	return func(x, y float64) float64 {
		sum := 128.0
		for _, w := range waves {
			sum += w.size * math.Sin(w.u*x+w.v*y+w.phase)
		}
		return min(max(sum, 0), 255)
	}
}

// encode makes a lossless video, or one as games record them, of frames of grays.
func encode(t *testing.T, w, h, frames int, lossless bool, gray func(n, x, y int) float64) string {
	t.Helper()
	need.Tool(t, "ffmpeg")
	path := filepath.Join(t.TempDir(), "x.mkv")
	codec := []string{"-c:v", "ffv1"}
	if !lossless {
		codec = []string{"-c:v", "mpeg4", "-q:v", "3"}
	}
	var raw bytes.Buffer
	for n := range frames {
		for i := range w * h {
			raw.WriteByte(uint8(gray(n, i%w, i/w) + 0.5))
		}
	}
	cmd := exec.Command("ffmpeg", append(append([]string{"-v", "error", "-f", "rawvideo", "-pix_fmt", "gray", "-s", fmt.Sprintf("%dx%d", w, h), "-r", "10", "-i", "-"}, codec...), path)...)
	cmd.Stdin = &raw
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}

// TestMotionOfKnownPans renders pans by parts of pixels, has ffmpeg encode them, and
// compares the motion that is found with the exact one, and each frame with the one
// that the next in the video should be.
func TestMotionOfKnownPans(t *testing.T) {
	const w, h, frames = 128, 96, 12
	for _, pan := range [][2]float64{{2.25, -1.5}, {-5.75, 3.125}} {
		for _, lossless := range []bool{true, false} {
			scene := texture(3)
			video := encode(t, w, h, frames, lossless, func(n, x, y int) float64 {
				return scene(float64(x)+float64(n)*pan[0], float64(y)+float64(n)*pan[1])
			})
			f, err := Open(context.Background(), video, t.TempDir(), h, true, silent)
			require.NoError(t, err)
			pairs := 0
			for i := range f.Len() {
				s, err := f.After(i)
				require.NoError(t, err)
				var n int
				_, err = fmt.Sscanf(f.Name(i), "x.mkv frame %d", &n)
				require.NoError(t, err)
				if n == frames {
					require.Nil(t, s, "nothing comes after the last frame")
					continue
				}
				pairs++
				require.NotNil(t, s, f.Name(i))
				require.Equal(t, fmt.Sprintf("x.mkv frame %d", n+1), f.pairs.Name(2*i))
				known := 0
				var off []float64
				for k, is := range s.Known {
					if is {
						known++
						off = append(off, math.Hypot(float64(s.Flow[k])-pan[0], float64(s.Flow[h*h+k])-pan[1]))
						// Squares come from the middle of the frame.
						if want := scene(float64(k%h+(w-h)/2)+float64(n)*pan[0], float64(k/h)+float64(n)*pan[1]); lossless {
							require.InDelta(t, want, float64(s.Image.Pix[3*k]), 2.5)
						}
					}
				}
				require.Greater(t, float64(known)/float64(h*h), 0.5, "all but the edges")
				slices.Sort(off)
				require.Less(t, off[len(off)/2], 0.13, "pan %v, lossless %v", pan, lossless)
				require.Less(t, off[len(off)*99/100], 0.5, "pan %v, lossless %v", pan, lossless)
			}
			require.Greater(t, pairs, 1)
			require.Contains(t, f.Note, fmt.Sprintf("; of %d frames it is known", pairs))
			require.NoError(t, f.Close())
		}
	}
}

// TestHidden moves a square over a ground: what it uncovers has no known motion, what
// moves has its own, and a cut has none at all.
func TestHidden(t *testing.T) {
	const side, frames, step = 96, 4, 6
	far, near, other := texture(5), texture(6), texture(7)
	inside := func(n, x, y int) bool {
		u := x - 20 - step*n
		return u >= 0 && u < 40 && y >= 28 && y < 68
	}
	video := encode(t, side, side, frames, true, func(n, x, y int) float64 {
		switch {
		case n == frames-1:
			return other(float64(x), float64(y))
		case inside(n, x, y):
			return near(float64(x-step*n), float64(y))
		}
		return far(float64(x), float64(y))
	})
	f, err := Open(context.Background(), video, t.TempDir(), side, true, silent)
	require.NoError(t, err)
	defer f.Close()
	require.GreaterOrEqual(t, f.Len(), 2)
	require.Equal(t, "x.mkv frame 1", f.Name(0))
	s, err := f.After(0)
	require.NoError(t, err)
	wrong, right, moving := 0, 0, 0
	for k, is := range s.Known {
		x, y := k%side, k/side
		if !is {
			continue
		}
		want := 0.0
		if inside(1, x, y) {
			want = -step
		} else if inside(0, x, y) {
			wrong++ // it was hidden
			continue
		}
		if math.Hypot(float64(s.Flow[k])-want, float64(s.Flow[side*side+k])) > 0.5 {
			wrong++
		} else if right++; want != 0 {
			moving++
		}
	}
	require.Greater(t, moving, 40*40/2)
	require.Greater(t, right, 2*side*side/5)
	require.Less(t, wrong, right/50)
	for i := range f.Len() {
		if f.Name(i) == fmt.Sprintf("x.mkv frame %d", frames-1) {
			s, err := f.After(i)
			require.NoError(t, err)
			require.Nil(t, s, "a cut")
		}
	}
	// Mirror images have mirrored successors.
	m, err := dataset.After(dataset.Mirrored(f), f.Len())
	require.NoError(t, err)
	for k := range s.Known {
		flipped := k/side*side + side - 1 - k%side
		require.Equal(t, s.Known[k], m.Known[flipped])
		require.Equal(t, s.Flow[k], -m.Flow[flipped])
		require.Equal(t, s.Flow[side*side+k], m.Flow[side*side+flipped])
		require.Equal(t, s.Image.Pix[3*k], m.Image.Pix[3*flipped])
	}
}

// TestEvenParts moves a picture with a hole in it that shows nothing but gray: it moves as
// what is around it does.
func TestEvenParts(t *testing.T) {
	const side, step = 96, 4
	scene := texture(8)
	draw := func(n int) *imageio.Image {
		m := imageio.New(side, side)
		for i := range m.Pix {
			x, y := i/3%side-step*n, i/3/side
			v := scene(float64(x), float64(y))
			if x >= 32 && x < 64 && y >= 32 && y < 64 {
				v = 100
			}
			m.Pix[i] = uint8(v + 0.5)
		}
		return m
	}
	flow, known := read(estimate(draw(0), draw(1)))
	for y := 36; y < 60; y++ {
		for x := 40; x < 64; x++ {
			require.True(t, known[y*side+x], "%d, %d", x, y)
			require.InDelta(t, -step, flow[y*side+x], 0.3)
			require.InDelta(t, 0, flow[side*side+y*side+x], 0.3)
		}
	}
}
