package main

import (
	"context"
	"image/color"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/glscene/internal/scene"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func TestUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"-model", "x", "-frames", "0"}, {"-model", "x", "-width", "0"}, {"-model", "x", "-every", "0"},
		{"-model", "x", "-keep", "1"}, {"-model", "x", "-device", "tpu"},
	} {
		require.Error(t, run(context.Background(), args), "%v", args)
	}
	require.ErrorContains(t, run(context.Background(), []string{"-model", "missing.pth"}), "missing.pth")
}

// shimmering returns the weights of a small random network whose results fill the
// range of colors, and so flicker.
func shimmering() statedict.Dict {
	net := nn.NewTransformerNet(reference.New(), [3]int{8, 12, 16}, 2, 1)
	d := net.StateDict()
	last := net.Layers()[len(net.Layers())-1].Conv
	for i := range d.Lookup(last + ".weight").Data {
		d.Lookup(last + ".weight").Data[i] *= 90
	}
	copy(d.Lookup(last+".bias").Data, []float32{120, 130, 140})
	return d
}

func model(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "model.safetensors")
	require.NoError(t, weights.WriteFile(path, shimmering()))
	return path
}

// onDevices calls f for the CPU, and for OpenGL where there is one.
func onDevices(t *testing.T, s settings, f func(t *testing.T, g game)) {
	play := func(t *testing.T) func(g game, name string) error {
		return func(g game, name string) error {
			f(t, g)
			return nil
		}
	}
	t.Run("cpu", func(t *testing.T) { require.NoError(t, s.onCPU(shimmering(), play(t))) })
	t.Run("gl", func(t *testing.T) {
		if err := s.onGL(shimmering(), play(t)); err != nil {
			require.ErrorIs(t, err, gpu.ErrUnavailable)
			require.ErrorContains(t, err, "-device cpu")
		}
	})
}

// TestFlicker compares the ways on the scene: accumulated, a style flickers at most a
// third as much as plain, and no more where the network runs in every 4th frame, or
// spread over 4.
func TestFlicker(t *testing.T) {
	s := settings{width: 96, height: 64, keep: 0.9}
	onDevices(t, s, func(t *testing.T, g game) {
		ways := scene.Ways(float32(s.keep))
		c := scene.NewContest(ways)
		for n := range 18 {
			g.draw(scene.At(n, 0, 1.5))
			for i := range ways {
				require.NoError(t, g.style(i))
			}
			f, styled := g.read()
			if n > 5 {
				c.Shown(f, styled)
			}
		}
		input, plain := c.Results[0].Warp, c.Results[1].Warp
		t.Log(c.Table())
		require.Greater(t, plain, 2*input, "there is something to be gained")
		for _, r := range c.Results[2:] {
			require.LessOrEqual(t, r.Warp, plain/3, r.Name)
		}
	})
}

// TestGhost cuts to another scene: ten frames later a loop that was told of the cut
// shows to the bit what one shows that began there. Without being told, what is
// accumulated is less than 2 levels from it in the mean.
func TestGhost(t *testing.T) {
	s := settings{width: 72, height: 48, keep: 0.8}
	film := func(t *testing.T, g game, first, shot int) {
		for n := first; n < first+11; n++ {
			g.draw(scene.At(n, shot, 1.5))
			for i := range scene.Ways(0) {
				require.NoError(t, g.style(i))
			}
		}
	}
	for _, told := range []bool{true, false} {
		onDevices(t, s, func(t *testing.T, g game) {
			g.cut()
			film(t, g, 30, 1)
			_, fresh := g.read()
			var want [][]uint8
			for _, p := range fresh {
				want = append(want, append([]uint8(nil), p...))
			}
			g.cut()
			film(t, g, 5, 0)
			if told {
				g.cut()
			}
			film(t, g, 30, 1)
			_, got := g.read()
			for i, way := range scene.Ways(0) {
				if told {
					require.Equal(t, want[i], got[i], way.Name)
					continue
				}
				if way.Name != "accumulated" {
					continue // the others run the network in other frames than fresh ones
				}
				var sum float64
				for k := range want[i] {
					d := float64(want[i][k]) - float64(got[i][k])
					sum += max(d, -d)
				}
				require.Less(t, sum/float64(len(want[i])), 2.0)
			}
		})
	}
}

// TestRun plays where there is OpenGL; where not, the error says so. The CPU plays
// everywhere.
func TestRun(t *testing.T) {
	for _, device := range []string{"cpu", "gl"} {
		out := filepath.Join(t.TempDir(), "frames")
		args := []string{"-model", model(t), "-device", device, "-out", out, "-frames", "3", "-every", "2", "-width", "50", "-height", "31"}
		err := run(context.Background(), args)
		if device == "gl" && err != nil {
			require.ErrorIs(t, err, gpu.ErrUnavailable)
			return
		}
		require.NoError(t, err)
		first, err := imageio.Load(filepath.Join(out, "00000.png"), imageio.Options{})
		require.NoError(t, err)
		require.Equal(t, [2]int{5 * 50, 31}, [2]int{first.W, first.H})
		last, err := imageio.Load(filepath.Join(out, "00002.png"), imageio.Options{})
		require.NoError(t, err)
		require.NotEqual(t, first.Pix, last.Pix, "the scene moves")
		names, err := filepath.Glob(filepath.Join(out, "*"))
		require.NoError(t, err)
		require.Len(t, names, 2)

		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.ErrorIs(t, run(ctx, args), context.Canceled)
	}
}

func TestSaveSideBySide(t *testing.T) {
	s := settings{width: 1, height: 2, out: t.TempDir()}
	require.NoError(t, s.save(7, [][]uint8{{1, 2, 3, 255, 4, 5, 6, 255}, {7, 8, 9, 255, 10, 11, 12, 255}}))
	m, err := imageio.Load(filepath.Join(s.out, "00007.png"), imageio.Options{})
	require.NoError(t, err)
	require.Equal(t, color.NRGBA{4, 5, 6, 255}, m.NRGBA().NRGBAAt(0, 1))
	require.Equal(t, color.NRGBA{7, 8, 9, 255}, m.NRGBA().NRGBAAt(1, 0))
}
