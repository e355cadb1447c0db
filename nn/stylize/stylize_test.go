package stylize_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// TestAuthorsPicture compares with what PyTorch made of the same weights.
func TestAuthorsPicture(t *testing.T) {
	model, err := stylize.Load(need.Shared(t, "data/author/final.pth"))
	require.NoError(t, err)
	require.Equal(t, "tutorial, filters 8,16,32, 5 residual blocks", model.Arch().String())
	in, err := imageio.Load(need.Shared(t, "data/author/011.png"), imageio.Options{})
	require.NoError(t, err)
	want, err := imageio.Load(need.Shared(t, "data/author/final.png"), imageio.Options{})
	require.NoError(t, err)
	for _, c := range []struct {
		name    string
		options []stylize.Option
	}{{"whole", nil}, {"tiled", []stylize.Option{stylize.Memory(30 << 20)}}} {
		t.Run(c.name, func(t *testing.T) {
			got, err := newSession(t, model, c.options...).Image(in)
			require.NoError(t, err)
			off, worst := compare(t, want, got)
			t.Logf("%d of %d subpixels off, by at most %d", off, len(want.Pix), worst)
			require.LessOrEqual(t, worst, 1)
			require.LessOrEqual(t, off, len(want.Pix)/1000)
		})
	}
}

// compare counts the bytes that differ and returns the largest difference.
func compare(t *testing.T, want, got *imageio.Image) (off, worst int) {
	t.Helper()
	require.Equal(t, [2]int{want.W, want.H}, [2]int{got.W, got.H})
	for i := range want.Pix {
		d := int(want.Pix[i]) - int(got.Pix[i])
		d = max(d, -d)
		worst = max(worst, d)
		if d > 0 {
			off++
		}
	}
	return off, worst
}

// reflected builds, pixel by pixel, the picture that the network is to see.
func reflected(m *imageio.Image, w, h int) []float32 {
	walk := func(n, size int) []int { // 0 1 2 3 2 1 0 1 ...
		at, step := 0, 1
		var path []int
		for range size {
			path = append(path, at)
			if n > 1 {
				if at+step < 0 || at+step >= n {
					step = -step
				}
				at += step
			}
		}
		return path
	}
	xs, ys := walk(m.W, w), walk(m.H, h)
	var out []float32
	for c := range 3 {
		for _, y := range ys {
			for _, x := range xs {
				out = append(out, float32(m.Pix[3*(y*m.W+x)+c]))
			}
		}
	}
	return out
}

// TestSizes compares every size with the float64 reference on a picture that was
// padded by other code.
func TestSizes(t *testing.T) {
	d := weightsOf([3]int{4, 6, 8}, 2)
	model, err := stylize.New(d)
	require.NoError(t, err)
	session := newSession(t, model)
	for _, size := range [][2]int{{1, 1}, {2, 1}, {1, 9}, {3, 50}, {7, 7}, {8, 8}, {9, 8}, {16, 12}, {31, 17}, {33, 34}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			in := scene(size[0], size[1])
			before := append([]uint8(nil), in.Pix...)
			got, err := session.Image(in)
			require.NoError(t, err)
			require.Equal(t, before, in.Pix, "the input is only read")
			require.Nil(t, got.Alpha)

			be := reference.New()
			net, err := nn.NewNetworkFrom(be, d)
			require.NoError(t, err)
			w, h := max(8, (size[0]+3)/4*4), max(8, (size[1]+3)/4*4)
			x := tensor.FromSlice(be, tensor.Shape{1, 3, h, w}, reflected(in, w, h))
			y := net.Forward(tensor.NewTape(be), x).Values()
			for c := range 3 {
				for i := range size[0] * size[1] {
					v := float64(y[c*w*h+i/size[0]*w+i%size[0]])
					v = min(max(v, 0), 255)
					g := float64(got.Pix[3*i+c])
					require.LessOrEqual(t, g, v+0.01, "truncated")
					require.Greater(t, g, v-1.01, "truncated")
				}
			}
		})
	}
}

func TestLargerFlatPicture(t *testing.T) {
	got, err := newSession(t, small(t)).Image(imageio.New(500, 3))
	require.NoError(t, err)
	require.Equal(t, [2]int{500, 3}, [2]int{got.W, got.H})
}

func TestStylizeRGBAEqualsImage(t *testing.T) {
	session := newSession(t, small(t))
	for _, size := range [][2]int{{1, 1}, {40, 24}, {37, 23}} {
		w, h := size[0], size[1]
		in := scene(w, h)
		in.Alpha = make([]uint8, w*h)
		for i := range in.Alpha {
			in.Alpha[i] = uint8(i * 7)
		}
		want, err := session.Image(in)
		require.NoError(t, err)
		require.Equal(t, in.Alpha, want.Alpha)

		stride := 4*w + 12
		src := rgba(in, stride)
		dst := make([]byte, len(src))
		for i := range dst {
			dst[i] = 0xA5
		}
		require.NoError(t, session.StylizeRGBA(dst, src, w, h, stride))
		require.Equal(t, want, fromRGBA(dst, w, h, stride))
		for y := range h {
			for _, b := range dst[y*stride+4*w : (y+1)*stride] {
				require.EqualValues(t, 0xA5, b, "bytes between the rows are left alone")
			}
		}
		last := len(src) - 12 // a texture's last row may end with its pixels
		require.NoError(t, session.StylizeRGBA(src[:last], src[:last], w, h, stride))
		require.Equal(t, want, fromRGBA(src, w, h, stride), "in place")
	}
}

func TestStylizeRGBAAllocatesNothing(t *testing.T) {
	session := newSession(t, newModel(t, [3]int{8, 16, 32}, 2))
	in := scene(50, 30)
	in.Alpha = make([]uint8, 50*30) // transparent: the bleeding is in the loop too
	in.Alpha[7] = 255
	require.NoError(t, session.SetMask(scene(20, 20)))
	session.Strength, session.KeepColor = 0.5, true
	src := rgba(in, 200)
	dst := make([]byte, len(src))
	frame := func() { require.NoError(t, session.StylizeRGBA(dst, src, 50, 30, 200)) }
	frame()
	require.Zero(t, testing.AllocsPerRun(20, frame))
}

func TestStylizeRGBAErrors(t *testing.T) {
	session := newSession(t, small(t))
	for _, c := range []struct {
		n, w, h, stride int
		says            string
	}{
		{64, 0, 4, 16, "at least 1"},
		{64, 4, -1, 16, "at least 1"},
		{64, 4, 4, 15, "stride"},
		{63, 4, 4, 16, "shorter"},
		{15, 4, 1, 16, "shorter"},
		{64, 4, 1 << 62, 16, "shorter"},
		{64, 1 << 62, 1, 16, "stride"},
		{0, 4, 4, 16, "shorter"},
	} {
		require.ErrorContains(t, session.StylizeRGBA(make([]byte, c.n), make([]byte, c.n), c.w, c.h, c.stride), c.says)
	}
	require.ErrorContains(t, session.StylizeRGBA(make([]byte, 63), make([]byte, 64), 4, 4, 16), "shorter")
}

func TestImageErrors(t *testing.T) {
	session := newSession(t, small(t))
	for _, m := range []*imageio.Image{{}, {W: 2, H: 2, Pix: make([]uint8, 11)}, {W: 2, H: 2, Pix: make([]uint8, 13)}, {W: -1, H: -1, Pix: make([]uint8, 3)},
		{W: 1, H: 1, Pix: make([]uint8, 3), Alpha: []uint8{}}} {
		_, err := session.Image(m)
		require.Error(t, err)
		require.Error(t, session.SetMask(m))
	}
	for _, strength := range []float32{-0.1, 1.1, float32(math.NaN())} {
		session.Strength = strength
		_, err := session.Image(scene(8, 8))
		require.ErrorContains(t, err, "strength")
	}
	session.Strength, session.Rounding = 1, 9
	_, err := session.Image(scene(8, 8))
	require.ErrorContains(t, err, "rounding")
}

// TestConcurrentSessions makes 1000 calls at once on one model.
func TestConcurrentSessions(t *testing.T) {
	model := newModel(t, [3]int{4, 32, 32}, 1) // widths of both CPU layouts
	in := rgba(scene(8, 12), 32)
	want := make([]byte, len(in))
	require.NoError(t, newSession(t, model).StylizeRGBA(want, in, 8, 12, 32))
	var group sync.WaitGroup
	got, errs := make([][]byte, 1000), make([]error, 1000)
	for i := range got {
		got[i] = make([]byte, len(in))
		group.Go(func() {
			s := model.NewSession(stylize.Threads(1))
			defer s.Close()
			errs[i] = s.StylizeRGBA(got[i], in, 8, 12, 32)
		})
	}
	group.Wait()
	for i := range got {
		require.NoError(t, errs[i])
		require.Equal(t, want, got[i])
	}
}

func TestOtherBackend(t *testing.T) {
	model := small(t)
	in := scene(20, 15)
	want, err := newSession(t, model).Image(in)
	require.NoError(t, err)
	be := reference.New()
	session := model.NewSession(stylize.On(be))
	for _, m := range []*imageio.Image{scene(9, 9), in} {
		got, err := session.Image(m)
		require.NoError(t, err)
		if m == in {
			off, worst := compare(t, want, got)
			require.LessOrEqual(t, worst, 1)
			require.LessOrEqual(t, off, len(want.Pix)/100)
		}
	}
	require.NoError(t, session.Close())
	require.Zero(t, be.Live(), "the session frees all it took from the caller's backend")
}

func TestRounding(t *testing.T) {
	session := newSession(t, small(t))
	in := scene(64, 48)
	low, err := session.Image(in)
	require.NoError(t, err)
	session.Rounding = imageio.Round
	high, err := session.Image(in)
	require.NoError(t, err)
	up := 0
	for i := range low.Pix {
		d := int(high.Pix[i]) - int(low.Pix[i])
		require.True(t, d == 0 || d == 1)
		up += d
	}
	require.InDelta(t, 0.5, float64(up)/float64(unsaturated(low)), 0.05)
}

// unsaturated counts the bytes between the extremes.
func unsaturated(m *imageio.Image) (n int) {
	for _, v := range m.Pix {
		if v > 0 && v < 255 {
			n++
		}
	}
	return n
}

func TestLoadErrors(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.pth")
	require.NoError(t, weights.WriteFile(good, weightsOf([3]int{4, 6, 8}, 2)))
	data, err := os.ReadFile(good)
	require.NoError(t, err)
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, data, 0o666))
		return path
	}
	renamed := weightsOf([3]int{4, 6, 8}, 2)
	renamed[2].Name = "bn1.weight"
	require.NoError(t, weights.WriteFile(filepath.Join(dir, "renamed.pth"), renamed))
	misshapen := weightsOf([3]int{4, 6, 8}, 2)
	misshapen[2] = statedict.Entry{Name: misshapen[2].Name, Shape: []int{5}, Data: make([]float32, 5)}
	require.NoError(t, weights.WriteFile(filepath.Join(dir, "misshapen.safetensors"), misshapen))

	for _, c := range []struct {
		path string
		says []string
	}{
		{filepath.Join(dir, "none.pth"), []string{"none.pth"}},
		{dir, []string{dir}},
		{write("empty.pth", nil), []string{"empty.pth", "empty"}},
		{write("garbage.pth", []byte("what is this?")), []string{"garbage.pth"}},
		{write("truncated.pth", data[:len(data)/2]), []string{"truncated.pth"}},
		{filepath.Join(dir, "renamed.pth"), []string{"renamed.pth", "in1.weight", "bn1.weight"}},
		{filepath.Join(dir, "misshapen.safetensors"), []string{"misshapen.safetensors", "in1.weight", "[5]"}},
	} {
		_, err := stylize.Load(c.path)
		require.Error(t, err)
		for _, word := range c.says {
			require.ErrorContains(t, err, word)
		}
	}
	_, err = stylize.Load(filepath.Join(dir, "none.pth"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = stylize.Load(good)
	require.NoError(t, err)
}

func TestDamagedWeights(t *testing.T) {
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		d := weightsOf([3]int{4, 6, 8}, 2)
		damaged := d[0] // whose values the norms after it make NaN
		if i > 0 {
			damaged = d[len(d)-1] // the bias of the last convolution
		}
		damaged.Data[0] = float32(v)
		model, err := stylize.New(d)
		require.NoError(t, err)
		for _, memory := range []int64{0, 1} {
			_, err = newSession(t, model, stylize.Memory(memory)).Image(scene(90, 80))
			require.ErrorContains(t, err, "not finite")
		}
	}
}
