package stylize

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// checker draws a picture with hard edges, soft ramps and different halves: a
// tile's own statistics are far from the whole's.
func checker(w, h int) *imageio.Image {
	m := imageio.New(w, h)
	for i := range m.Pix {
		x, y, c := i/3%w, i/3/w, i%3
		v := (x*x/97 + y*(c+2)*x/83 + 128*((x/23+y/17)%2)) % 256
		if x > w/2 {
			v /= 4
		}
		m.Pix[i] = uint8(v)
	}
	return m
}

// TestTiledFloats compares the network's output before it becomes bytes.
func TestTiledFloats(t *testing.T) {
	for _, c := range []struct {
		family    string
		filters   [3]int
		resBlocks int
		w, h      int
		trunk     bool
	}{
		{"tutorial", [3]int{8, 16, 32}, 5, 240, 160, false},
		{"tutorial", [3]int{8, 16, 32}, 5, 304, 252, true},
		{"tutorial", [3]int{8, 16, 32}, 1, 64, 420, true},
		{"tutorial", [3]int{4, 6, 8}, 3, 204, 188, false},
		{"tutorial", [3]int{4, 6, 8}, 3, 204, 312, true},
		{"tutorial", [3]int{4, 32, 48}, 1, 76, 260, false},
		{"tutorial", [3]int{4, 32, 48}, 1, 76, 260, true},
		{"pytorch-examples", [3]int{8, 16, 32}, 5, 240, 160, false},
		{"pytorch-examples", [3]int{8, 16, 32}, 5, 304, 252, true},
		{"pytorch-examples", [3]int{32, 64, 128}, 5, 200, 136, true},
		{"anti-aliased", [3]int{8, 16, 32}, 3, 240, 160, false},
		{"anti-aliased", [3]int{8, 16, 32}, 3, 304, 252, true},
		{"anti-aliased-nearest", [3]int{4, 6, 8}, 1, 204, 188, true},
	} {
		t.Run(fmt.Sprintf("%s %v %dx%d trunk=%v", c.family, c.filters, c.w, c.h, c.trunk), func(t *testing.T) {
			a, err := arch.New(c.family, c.filters, c.resBlocks)
			require.NoError(t, err)
			memory := int64(1)
			if c.trunk {
				memory = int64(c.filters[2]*c.w*c.h) * 4 / 3
			}
			tiledEqualsWhole(t, a, c.w, c.h, memory, c.trunk)
		})
	}
}

// TestTiledOwnNetwork has ranges of its own, layers without normalization, kept ones
// too, a factor of 3, and a last layer with all there is.
func TestTiledOwnNetwork(t *testing.T) {
	odd := &arch.Network{
		Name: "odd", Input: arch.Range{Low: -1, High: 1}, Output: arch.Range{Low: 0.25, High: 1},
		Layers: []arch.Layer{
			{Name: "a", Conv: "a.c", In: 3, Out: 4, Kernel: 3, Stride: 3, Upsample: 1, Blur: 5},
			{Name: "b", Conv: "b.c", In: 4, Out: 4, Kernel: 1, Stride: 1, Upsample: 1, ReLU: true, Plus: []arch.Term{{Layer: 0, Factor: -0.5}}},
			{Name: "c", Conv: "c.c", In: 4, Out: 6, Kernel: 3, Stride: 1, Upsample: 1, Norm: "c.n"},
			{Name: "d", Conv: "d.c", In: 6, Out: 3, Kernel: 5, Stride: 1, Upsample: 3},
			{Name: "e", Conv: "e.c", In: 3, Out: 3, Kernel: 3, Stride: 1, Upsample: 1, Norm: "e.n", ReLU: true, Plus: []arch.Term{{Layer: 3, Factor: 1}}},
		},
	}
	flat := &arch.Network{
		Name: "flat", Input: arch.Bytes, Output: arch.Bytes,
		Layers: []arch.Layer{
			{Name: "a", Conv: "a", In: 3, Out: 4, Kernel: 7, Stride: 1, Upsample: 1, Norm: "an", ReLU: true},
			{Name: "b", Conv: "b", In: 4, Out: 3, Kernel: 3, Stride: 1, Upsample: 1},
		},
	}
	for _, a := range []*arch.Network{odd, flat} {
		require.NoError(t, a.Check())
		for _, trunk := range []bool{false, true} {
			memory := int64(1)
			if trunk {
				memory = 4 * int64(a.Live(a.Multiple())) * 204 * 141 / int64(a.Multiple()*a.Multiple()) * 4 / 3
			}
			tiledEqualsWhole(t, a, 204, 141, memory, trunk)
		}
	}
}

// tiledEqualsWhole compares a network with random weights in tiles and in one piece.
func tiledEqualsWhole(t *testing.T, a *arch.Network, w, h int, memory int64, trunk bool) {
	t.Helper()
	model, err := NewWith(a, nn.NewNetwork(reference.New(), a, 5).StateDict())
	require.NoError(t, err)
	src, err := pictureOf(checker(w, h))
	require.NoError(t, err)
	whole := rect{w: w, h: h}

	one := model.NewSession()
	defer one.Close()
	require.NoError(t, one.runWhole(&src, whole))
	want := slices.Clone(one.host)

	session := model.NewSession(Memory(memory))
	defer session.Close()
	tiling := session.newTiling(&src, whole)
	defer tiling.free()
	require.Equal(t, trunk, slices.Contains(tiling.trunk, true))
	require.Greater(t, len(tiling.tiles), 3)
	got := make([]float32, len(want))
	n := w * h
	require.NoError(t, tiling.run(func(p tile, out []float32) error {
		for ch := range 3 {
			for y := p.core.y; y < p.core.y+p.core.h; y++ {
				from := ch*p.area.w*p.area.h + (y-p.area.y)*p.area.w + p.core.x - p.area.x
				copy(got[ch*n+y*w+p.core.x:][:p.core.w], out[from:])
			}
		}
		return nil
	}))

	// Relative to 255, as a trained network's output spans that much.
	low, high := slices.Min(want), slices.Max(want)
	worst := 0.0
	for i := range want {
		worst = max(worst, math.Abs(float64(got[i]-want[i])))
	}
	worst *= 255 / float64(high-low)
	t.Logf("differs by at most %.4f of 255", worst)
	require.Less(t, worst, 0.05)
}

// TestTilesCover proves that the cores are a partition and the areas surround
// them by the halo wherever the picture goes on.
func TestTilesCover(t *testing.T) {
	for _, size := range [][2]int{{8, 8}, {64, 64}, {68, 8}, {404, 260}, {1000, 64}} {
		tl := &tiling{whole: rect{w: size[0], h: size[1]}}
		tl.cut(64, 56)
		seen := make([]int, size[0]*size[1])
		for _, p := range tl.tiles {
			c, a := p.core, p.area
			for y := c.y; y < c.y+c.h; y++ {
				for x := c.x; x < c.x+c.w; x++ {
					seen[y*size[0]+x]++
				}
			}
			require.True(t, a.x == 0 || a.x <= c.x-56)
			require.True(t, a.y == 0 || a.y <= c.y-56)
			require.True(t, a.x+a.w == size[0] || a.x+a.w >= c.x+c.w+56)
			require.True(t, a.y+a.h == size[1] || a.y+a.h >= c.y+c.h+56)
			for _, v := range []int{a.x, a.y, a.w, a.h, c.x, c.y, c.w, c.h} {
				require.Zero(t, v%4)
				require.GreaterOrEqual(t, v, 0)
			}
			require.LessOrEqual(t, a.x+a.w, size[0])
			require.LessOrEqual(t, a.y+a.h, size[1])
			require.GreaterOrEqual(t, a.w, 8)
			require.GreaterOrEqual(t, a.h, 8)
		}
		require.NotContains(t, seen, 0)
		require.NotContains(t, seen, 2)
	}
}

func TestMirror(t *testing.T) {
	for n, want := range map[int][]int{
		1: {0, 0, 0, 0, 0, 0, 0, 0, 0},
		2: {0, 1, 0, 1, 0, 1, 0, 1, 0},
		3: {0, 1, 2, 1, 0, 1, 2, 1, 0},
		4: {2, 3, 2, 1, 0, 1, 2, 3, 2},
	} {
		for i, w := range want {
			require.Equal(t, w, mirror(i-4, n), "%d of %d", i-4, n)
		}
	}
}
