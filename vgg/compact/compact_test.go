package compact_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/compact"
)

func newBackend(t testing.TB) backend.Backend {
	be := tensor.CPU()
	t.Cleanup(func() { require.NoError(t, be.Close()) })
	return be
}

func TestLoad(t *testing.T) {
	be := newBackend(t)
	for i, l := range compact.Layers() {
		v, err := compact.Load(be, l)
		require.NoError(t, err)
		require.Equal(t, l, v.Deepest())
		require.Equal(t, 1.0/16, v.GramWeight())
		x := tensor.New(be, tensor.Shape{1, 3, 16, 16})
		be.Fill(x.Buffer(), 0)
		f := v.Features(nil, tensor.NewTape(be), x, []vgg.Layer{l})[0]
		require.Equal(t, tensor.Shape{1, 16 << i, 16 >> i, 16 >> i}, f.Shape())
	}
	_, err := compact.Load(be, vgg.Relu44)
	require.ErrorContains(t, err, "ends at relu3_3 and has no relu4_3")
	info, err := os.Stat("weights.safetensors")
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(400_000))
}

// TestSeesLikeVGG19 compares distances between pictures with those of VGG-19, of
// photographs and of what became of them by blurring, noise and pixels that changed
// places: the two rank them much alike, and more so than random filters do.
func TestSeesLikeVGG19(t *testing.T) {
	be := newBackend(t)
	real, err := vgg.LoadFile(be, need.Shared(t, "data/vgg19-blocks1-3.pth"), compact.Deepest)
	require.NoError(t, err)
	random := vgg.Random(be, 19, compact.Deepest)
	small, err := compact.Load(be, compact.Deepest)
	require.NoError(t, err)
	files, err := dataset.Open(need.Shared(t, "data/photos"), imageio.Options{})
	require.NoError(t, err)
	const size, pictures = 96, 24
	x := tensor.New(be, tensor.Shape{pictures, 3, size, size})
	pix := make([]float32, x.Len())
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range pictures {
		m, err := files.Load(i / 4 * 30)
		require.NoError(t, err)
		one := pix[i*3*size*size : (i+1)*3*size*size]
		m = imageio.CenterCrop(m, size, size)
		switch i % 4 {
		case 1:
			m = imageio.Resize(imageio.Resize(m, size/4, size/4, imageio.Bilinear), size, size, imageio.Bilinear)
		case 2:
			rng.Shuffle(size*size, func(a, b int) {
				for c := range 3 {
					m.Pix[3*a+c], m.Pix[3*b+c] = m.Pix[3*b+c], m.Pix[3*a+c]
				}
			})
		}
		imageio.ToFloats(one, m)
		if i%4 == 3 {
			for k := range one {
				one[k] += float32(20 * rng.NormFloat64())
			}
		}
	}
	x.Write(pix)
	for i := range compact.Layers() {
		// Of each network: the distances of Gram matrices, and of features.
		var grams, features [3][]float64
		for n, v := range []*vgg.VGG{real, small, random} {
			tp := tensor.NewTape(be)
			f := v.Features(nil, tp, v.Normalize(tp, x), compact.Layers())[i]
			grams[n] = distances(tp.Gram(f).Values(), pictures, v.GramWeight())
			features[n] = distances(f.Values(), pictures, 1)
			tp.Reset()
		}
		name := compact.Layers()[i].Name()
		g, f := rankCorrelation(grams[0], grams[1]), rankCorrelation(features[0], features[1])
		randomG, randomF := rankCorrelation(grams[0], grams[2]), rankCorrelation(features[0], features[2])
		t.Logf("%s: rank correlation of distances of Gram matrices %.3f (random filters %.3f), of features %.3f (%.3f); sizes %.2f and %.2f",
			name, g, randomG, f, randomF, ratio(grams[0], grams[1]), ratio(features[0], features[1]))
		require.Greater(t, g, max(0.8, randomG), name)
		require.Greater(t, f, max(0.85, randomF), name)
	}
}

// distances returns the mean squared difference of every two of n parts, times weight.
func distances(values []float32, n int, weight float64) (d []float64) {
	size := len(values) / n
	for a := range n {
		for b := range a {
			sum := 0.0
			for k := range size {
				e := float64(values[a*size+k] - values[b*size+k])
				sum += e * e
			}
			d = append(d, weight*sum/float64(size))
		}
	}
	return d
}

// ratio is how much larger the second list is than the first, in the geometric mean.
func ratio(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += math.Log(b[i]/a[i]) / float64(len(a))
	}
	return math.Exp(sum)
}

// rankCorrelation is Spearman's.
func rankCorrelation(a, b []float64) float64 {
	ra, rb := ranks(a), ranks(b)
	n, sum := float64(len(a)), 0.0
	for i := range ra {
		sum += (ra[i] - rb[i]) * (ra[i] - rb[i])
	}
	return 1 - 6*sum/(n*(n*n-1))
}

func ranks(values []float64) []float64 {
	order := make([]int, len(values))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(values[i], values[j]) })
	r := make([]float64, len(values))
	for rank, i := range order {
		r[i] = float64(rank)
	}
	return r
}
