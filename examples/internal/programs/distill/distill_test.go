package distill

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

// TestPruneNothing: a student as wide as its teacher begins with the teacher's features,
// whatever order its channels are in, and the moments of random pictures are enough to
// tell them apart.
func TestPruneNothing(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	weights := vggtest.Hashed(vgg.Relu34)
	teacher, err := vgg.Load(be, weights, vgg.Relu34)
	require.NoError(t, err)
	const size = 24
	x := tensor.New(be, tensor.Shape{2, 3, size, size})
	values := make([]float32, x.Len())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range values {
		values[i] = float32(rng.NormFloat64())
	}
	x.Write(values)
	tp := tensor.NewTape(be)
	layers := vgg.Layers(vgg.Relu34)
	var moments [][]float64
	for _, l := range layers { // no channel is a function of others
		n := len(weights.Lookup(vgg.Layout(l)[2*len(moments)+1].Name).Data)
		m := make([]float64, n*n)
		for i := range n {
			m[i*n+i] = 1 + rng.Float64()
		}
		moments = append(moments, m)
	}
	convs, lifts := prune(weights, 64, layers, moments)
	s := newStudent(be, convs, lifts)
	for i, f := range s.features(tp, x) {
		want := teacher.Features(nil, tp, x, taps[i:i+1])[0].Values()
		got := f.Values()
		for k := range want {
			require.InDelta(t, want[k], got[k], 1e-3*(1+math.Abs(float64(want[k]))))
		}
	}
}

// TestMostTelling: of channels that are sums of two, two are kept, and all follow.
func TestMostTelling(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	mix := [][2]float64{{1, 0}, {3, 1}, {0.2, -1}, {1, 1}, {0, 0.5}}
	moments := make([]float64, len(mix)*len(mix))
	for range 100 {
		a, b := rng.NormFloat64(), rng.NormFloat64()
		for i, p := range mix {
			for j, q := range mix {
				moments[i*len(mix)+j] += (p[0]*a + p[1]*b) * (q[0]*a + q[1]*b)
			}
		}
	}
	kept, lift := mostTelling(moments, len(mix), 2)
	require.Contains(t, kept, 1, "the largest tells most")
	for i, p := range mix {
		for c := range p {
			require.InDelta(t, p[c], lift[i][0]*mix[kept[0]][c]+lift[i][1]*mix[kept[1]][c], 1e-9)
		}
	}
}

// TestViews: distances in a student's state dict are those of what it takes the teacher's
// features to be, of features and of Gram matrices.
func TestViews(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	rng := rand.New(rand.NewPCG(3, 3))
	random := func(shape []int) []float32 {
		n := 1
		for _, d := range shape {
			n *= d
		}
		v := make([]float32, n)
		for i := range v {
			v[i] = float32(0.2 * rng.NormFloat64())
		}
		return v
	}
	const width = 8
	convs := vgg.NarrowLayout(vgg.Relu34, width)
	for i := range convs {
		convs[i].Data = random(convs[i].Shape)
	}
	lifts := vgg.NarrowLayout(vgg.Relu12, 1)[:0]
	for i, l := range taps {
		shape := []int{64 << i, width << i, 1, 1}
		lifts = append(lifts, convs[0])
		lifts[i].Name, lifts[i].Shape, lifts[i].Data = vgg.ViewName(l), shape, random(shape)
	}
	s := newStudent(be, convs, lifts)
	d, err := s.stateDict()
	require.NoError(t, err)
	v, err := vgg.Load(be, d, vgg.Relu34)
	require.NoError(t, err)
	tp := tensor.NewTape(be)
	a, b := tensor.FromSlice(be, tensor.Shape{1, 3, 16, 16}, random([]int{768})), tensor.FromSlice(be, tensor.Shape{1, 3, 16, 16}, random([]int{768}))
	wideA, wideB := s.features(tp, a), s.features(tp, b)
	narrowA, narrowB := v.Features(nil, tp, a, taps), v.Features(nil, tp, b, taps)
	for i := range taps {
		want := tp.MSE(wideA[i], wideB[i], 1).Item()
		require.InEpsilon(t, want, tp.MSE(narrowA[i], narrowB[i], 1).Item(), 1e-3)
		want = tp.MSE(tp.Gram(wideA[i]), tp.Gram(wideB[i]), 1).Item()
		require.InEpsilon(t, want, tp.MSE(tp.Gram(narrowA[i]), tp.Gram(narrowB[i]), float32(v.GramWeight())).Item(), 1e-3)
	}
}

// TestRun learns a little from random filters, with pictures of the program's own: the
// same seed gives the same bytes, and package vgg loads them.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	photos := filepath.Join(dir, "photos")
	require.NoError(t, os.Mkdir(photos, 0o777))
	for i := range 4 {
		require.NoError(t, imageio.Save(filepath.Join(photos, string(rune('a'+i))+".png"), texture(uint64(i), 40), imageio.SaveOptions{}))
	}
	teacher := filepath.Join(dir, "vgg.safetensors")
	require.NoError(t, safetensors.WriteFile(teacher, vggtest.Hashed(vgg.Relu34), nil))
	var files [2][]byte
	for i := range files {
		out := filepath.Join(dir, "out.safetensors")
		require.NoError(t, Run(context.Background(), []string{"-vgg", teacher, "-dataset", photos, "-out", out, "-width", "8",
			"-image-size", "16", "-batch-size", "2", "-steps", "26", "-drawings", "4", "-log-interval", "13"}))
		var err error
		files[i], err = os.ReadFile(out)
		require.NoError(t, err)
		be := tensor.CPU()
		_, err = vgg.LoadFile(be, out, vgg.Relu34)
		require.NoError(t, err)
		require.NoError(t, be.Close())
	}
	require.Equal(t, files[0], files[1])

	for _, args := range [][]string{{}, {"-vgg", teacher}, {"-vgg", "none", "-dataset", photos}, {"-vgg", teacher, "-dataset", "none"},
		{"-vgg", teacher, "-dataset", photos, "-width", "0"}, {"-vgg", teacher, "-dataset", photos, "-image-size", "8"}} {
		require.Error(t, Run(context.Background(), args))
	}
}
