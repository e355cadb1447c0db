package vgg_test

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

func TestFeaturesEqualPyTorch(t *testing.T) {
	want := golden.Read(t, "vgg19.safetensors")
	be := newBackend(t)
	v, err := vgg.Load(be, vggtest.Hashed(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	e := want.Get(t, "x")
	x := tensor.FromSlice(be, tensor.Shape(e.Shape), e.Data).RequireGrad()
	tp := tensor.NewTape(be)
	features := v.Features(nil, tp, x, vgg.StyleLayers())
	var losses []*tensor.Tensor
	for i, l := range vgg.StyleLayers() {
		e := want.Get(t, l.String())
		got := features[i].Values()
		require.Equal(t, tensor.Shape(e.Shape), features[i].Shape(), l.Name())
		require.Less(t, relativeL2(t, e.Data, got), 1e-5, l.Name())

		// Half the squared distance from got-r has the upstream gradient r.
		target := golden.Unit(uint64(100*(i+1)), len(got))
		for k := range target {
			target[k] = got[k] - target[k]
		}
		losses = append(losses, tp.MSE(features[i], tensor.FromSlice(be, features[i].Shape(), target), float32(len(got))/2))
	}
	tp.Backward(losses...)
	require.Less(t, relativeL2(t, want.Get(t, "grad_x").Data, x.Grad()), 1e-4)
}

// oracle computes features as torchvision's Sequential lists them: convolution
// with zero padding and bias, ReLU, and pooling after each block.
func oracle(d statedict.Dict, x []float64, h, w int, deepest string) (out []float64, oh, ow int) {
	c := 3
	for i := 0; ; i++ {
		switch i {
		case 4, 9, 18, 27:
			ph, pw := h/2, w/2
			y := make([]float64, c*ph*pw)
			for k := range c {
				for r := range ph {
					for s := range pw {
						at := (k*h+2*r)*w + 2*s
						y[(k*ph+r)*pw+s] = max(x[at], x[at+1], x[at+w], x[at+w+1])
					}
				}
			}
			x, h, w = y, ph, pw
			continue
		}
		name := "features." + itoa(i)
		e := d.Lookup(name + ".weight")
		if e == nil {
			continue // a ReLU
		}
		bias := d.Lookup(name + ".bias").Data
		y := make([]float64, e.Shape[0]*h*w)
		for k := range e.Shape[0] {
			for r := range h {
				for s := range w {
					sum := float64(bias[k])
					for ci := range c {
						for kr := range 3 {
							for ks := range 3 {
								if ir, is := r+kr-1, s+ks-1; ir >= 0 && ir < h && is >= 0 && is < w {
									sum += float64(e.Data[((k*c+ci)*3+kr)*3+ks]) * x[(ci*h+ir)*w+is]
								}
							}
						}
					}
					y[(k*h+r)*w+s] = max(sum, 0)
				}
			}
		}
		x, c = y, e.Shape[0]
		if name == deepest {
			return x, h, w
		}
	}
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + itoa(i%10)
}

func TestFeaturesMatchFloat64Loops(t *testing.T) {
	be := newBackend(t)
	d := vggtest.Hashed(vgg.Layer{Block: 3, Conv: 1})
	v, err := vgg.Load(be, d, vgg.Layer{Block: 3, Conv: 1})
	require.NoError(t, err)
	const h, w = 9, 14
	rng := rand.New(rand.NewPCG(1, 1))
	x32, x64 := make([]float32, 3*h*w), make([]float64, 3*h*w)
	for i := range x32 {
		x32[i] = float32(rng.NormFloat64())
		x64[i] = float64(x32[i])
	}
	layers := []vgg.Layer{{3, 1}, {1, 1}, {2, 2}} // in any order
	names := []string{"features.10", "features.0", "features.7"}
	tp := tensor.NewTape(be)
	for i, f := range v.Features(nil, tp, tensor.FromSlice(be, tensor.Shape{1, 3, h, w}, x32), layers) {
		want, oh, ow := oracle(d, x64, h, w, names[i])
		require.Equal(t, oh, f.Shape()[2])
		require.Equal(t, ow, f.Shape()[3])
		want32 := make([]float32, len(want))
		for k := range want {
			want32[k] = float32(want[k])
		}
		require.Less(t, relativeL2(t, want32, f.Values()), 1e-5, names[i])
	}
}

func TestFeaturesComputeAndKeepOnlyWhatIsAsked(t *testing.T) {
	be := reference.New()
	v := vgg.Random(be, 1, vgg.Relu22)
	x := tensor.New(be, tensor.Shape{1, 3, 6, 6})
	be.Fill(x.Buffer(), 1)
	before := be.Live()
	tp := tensor.NewTape(be)
	convs := 0
	tp.Trace(func(e tensor.Event) {
		if e.Op == "conv2d" {
			convs++
		}
	})
	f := v.Features(nil, tp, x, []vgg.Layer{vgg.Relu12})
	require.Equal(t, 2, convs)
	require.Equal(t, before+1, be.Live())
	tp.Release(f[0])

	sentinel := tensor.New(be, tensor.Vec(1))
	f = v.Features([]*tensor.Tensor{sentinel}, tp, x, []vgg.Layer{vgg.Relu22, vgg.Relu12})
	require.Len(t, f, 3)
	require.Same(t, sentinel, f[0])
	require.Equal(t, tensor.Shape{1, 128, 3, 3}, f[1].Shape())
	require.Equal(t, tensor.Shape{1, 64, 6, 6}, f[2].Shape())
	require.Equal(t, before+3, be.Live())
	tp.Reset()
	require.PanicsWithValue(t, "vgg: layer relu3_1 of a network down to relu2_2", func() {
		v.Features(nil, tp, x, []vgg.Layer{{3, 1}})
	})
	require.PanicsWithValue(t, "vgg: layer relu3_4 of a network down to relu2_2", func() {
		v.Features(nil, tp, x, []vgg.Layer{vgg.Relu34})
	})
	sentinel.Free()
	x.Free()
	v.Free()
	require.Zero(t, be.Live())
}

func TestMinSize(t *testing.T) {
	be := newBackend(t)
	for _, l := range []vgg.Layer{vgg.Relu12, vgg.Relu22, vgg.Relu34} {
		v := vgg.Random(be, 1, l)
		run := func(size int) error {
			x := tensor.New(be, tensor.Shape{1, 3, size, size})
			be.Fill(x.Buffer(), 1)
			return tensor.Try(func() { v.Features(nil, tensor.NewTape(be), x, []vgg.Layer{l}) })
		}
		require.NoError(t, run(l.MinSize()), l.String())
		if l.MinSize() > 1 {
			require.Error(t, run(l.MinSize()-1), l.String())
		}
	}
	require.Equal(t, 16, vgg.Relu54.MinSize())
}

func TestNormalize(t *testing.T) {
	be := newBackend(t)
	v := vgg.Random(be, 1, vgg.Relu12)
	in := []float32{0, 255, 10, 20, 128, 64}
	tp := tensor.NewTape(be)
	got := v.Normalize(tp, tensor.FromSlice(be, tensor.Shape{1, 3, 1, 2}, in)).Values()
	mean, std := []float64{0.485, 0.456, 0.406}, []float64{0.229, 0.224, 0.225}
	for i := range in {
		want := (float64(in[i])/255 - mean[i/2]) / std[i/2]
		require.InDelta(t, want, float64(got[i]), 1e-6)
	}
}

func TestLayoutIsTorchvisions(t *testing.T) {
	var want []string
	for _, i := range strings.Fields("0 2 5 7 10 12 14 16 19 21 23 25 28 30 32 34") {
		want = append(want, "features."+i+".weight", "features."+i+".bias")
	}
	d := vgg.Layout(vgg.Relu54)
	require.Equal(t, want, d.Names())
	require.Equal(t, 20_024_384, d.NumElements())
	require.Equal(t, want[:8], vgg.Layout(vgg.Relu22).Names())
	require.Equal(t, []int{512, 256, 3, 3}, d.Lookup("features.19.weight").Shape)
}

func TestParseLayer(t *testing.T) {
	for name, want := range map[string]vgg.Layer{
		"relu1_1": {1, 1}, "relu1_2": vgg.Relu12, "relu2_2": vgg.Relu22, "relu3_1": {3, 1},
		"relu3_3": vgg.Relu34, "relu3_4": vgg.Relu34, "relu4_3": vgg.Relu44, "relu4_4": vgg.Relu44,
		"relu5_3": vgg.Relu54, "relu5_4": vgg.Relu54,
	} {
		got, err := vgg.ParseLayer(name)
		require.NoError(t, err)
		require.Equal(t, want, got, name)
	}
	for _, name := range []string{"", "relu", "relu1_3", "relu6_1", "relu0_1", "conv1_1", "relu1_2 "} {
		_, err := vgg.ParseLayer(name)
		require.ErrorContains(t, err, "choose among relu1_2, relu2_2, relu3_3, relu4_3, relu5_3", name)
	}
	require.Equal(t, "relu3_4", vgg.Relu34.String())
	require.Equal(t, "relu3_3", vgg.Relu34.Name())
	require.Equal(t, "relu2_2", vgg.Relu22.Name())
	for _, l := range []vgg.Layer{{0, 1}, {6, 1}, {1, 0}, {2, 3}} {
		require.False(t, l.Valid(), "%v", [2]int{l.Block, l.Conv})
	}
	require.True(t, vgg.Relu54.Valid())
	require.Equal(t, []vgg.Layer{{1, 1}, {1, 2}, {2, 1}}, vgg.Layers(vgg.Layer{2, 1}))
}

func TestLoadErrors(t *testing.T) {
	be := newBackend(t)
	d := vgg.Layout(vgg.Relu22)
	d[2].Shape = []int{64, 64, 1, 1}
	d = append(d[:3:3], d[4:]...)
	d = append(d,
		statedict.Entry{Name: "features.1.running_mean", Shape: []int{1}, Data: []float32{0}},
		statedict.Entry{Name: "classifier.0.bias", Shape: []int{1}, Data: []float32{0}})
	_, err := vgg.Load(be, d, vgg.Relu22)
	var m *statedict.Mismatch
	require.ErrorAs(t, err, &m)
	require.Equal(t, []string{"features.2.bias"}, m.Missing)
	require.Equal(t, []string{"features.2.weight: file has [64 64 1 1], network needs [64 64 3 3]"}, m.Shapes)
	require.Equal(t, []string{"features.1.running_mean"}, m.Extra)

	_, err = vgg.Load(be, vgg.Layout(vgg.Relu22), vgg.Relu34)
	require.ErrorAs(t, err, &m)
	require.ErrorContains(t, err, "VGG-19 down to relu3_4")
	require.Len(t, m.Missing, 8)
	d = vgg.Layout(vgg.Relu12)
	d[0].Data = d[0].Data[1:]
	_, err = vgg.Load(be, d, vgg.Relu12)
	require.ErrorContains(t, err, "features.0.weight: 1727 values for [64 3 3 3]")
	for _, first := range [][]int{{0, 3, 3, 3}, {65, 3, 3, 3}, {}} { // no width that there could be
		d = vgg.Layout(vgg.Layer{1, 1})
		d[0].Shape = first
		_, err = vgg.Load(be, d, vgg.Layer{1, 1})
		require.ErrorContains(t, err, "network needs [64 3 3 3]")
	}
	_, err = vgg.Load(be, nil, vgg.Layer{6, 1})
	require.ErrorContains(t, err, "no layer relu6_1")
}

func TestLoadFile(t *testing.T) {
	be := newBackend(t)
	d := vggtest.Hashed(vgg.Relu34)
	withRest := append(d.Clone(), statedict.Entry{Name: "classifier.6.bias", Shape: []int{2}, Data: []float32{1, 2}})
	dir := t.TempDir()
	st, pt := filepath.Join(dir, "vgg.safetensors"), filepath.Join(dir, "vgg.pth")
	require.NoError(t, safetensors.WriteFile(st, withRest, nil))
	require.NoError(t, pth.WriteFile(pt, withRest))

	x := tensor.New(be, tensor.Shape{1, 3, 4, 4})
	be.Fill(x.Buffer(), 1)
	features := func(v *vgg.VGG, err error) []float32 {
		require.NoError(t, err)
		return v.Features(nil, tensor.NewTape(be), x, []vgg.Layer{v.Deepest()})[0].Values()
	}
	for _, deepest := range []vgg.Layer{vgg.Relu12, vgg.Relu34} {
		want := features(vgg.Load(be, d, deepest))
		require.Equal(t, want, features(vgg.LoadFile(be, st, deepest)))
		require.Equal(t, want, features(vgg.LoadFile(be, pt, deepest)))
	}
	_, err := vgg.LoadFile(be, st, vgg.Relu44)
	require.ErrorContains(t, err, st)
	require.ErrorContains(t, err, "missing: features.19.weight")
	_, err = vgg.LoadFile(be, filepath.Join(dir, "none.pth"), vgg.Relu12)
	require.ErrorContains(t, err, "none.pth")
}

func TestRandom(t *testing.T) {
	be := newBackend(t)
	run := func(seed uint64) []float32 {
		rng := rand.New(rand.NewPCG(1, 1))
		in := make([]float32, 3*16*16)
		for i := range in {
			in[i] = float32(rng.NormFloat64())
		}
		v := vgg.Random(be, seed, vgg.Relu34)
		return v.Features(nil, tensor.NewTape(be), tensor.FromSlice(be, tensor.Shape{1, 3, 16, 16}, in), []vgg.Layer{vgg.Relu34})[0].Values()
	}
	a := run(1)
	require.Equal(t, a, run(1))
	require.NotEqual(t, a, run(2))
	square := 0.0
	for _, v := range a {
		square += float64(v) * float64(v) / float64(len(a))
	}
	// The mean square of the input is 1, and eight layers neither blow it up nor let it vanish.
	require.InDelta(t, 0, math.Log10(square), 1)
}

// TestChecksum is the CRC-32C of all values, and sees each of them.
func TestChecksum(t *testing.T) {
	be := newBackend(t)
	d := vggtest.Hashed(vgg.Relu12)
	sum := func() uint32 {
		v, err := vgg.Load(be, d, vgg.Relu12)
		require.NoError(t, err)
		defer v.Free()
		return v.Checksum()
	}
	want := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	for _, e := range d {
		require.NoError(t, binary.Write(want, binary.LittleEndian, e.Data))
	}
	require.Equal(t, want.Sum32(), sum())
	d[2].Data[len(d[2].Data)-1]++
	require.NotEqual(t, want.Sum32(), sum())
}

// TestNarrowestNetwork has one filter in its first block, and one view in its deepest
// layer.
func TestNarrowestNetwork(t *testing.T) {
	be := newBackend(t)
	d := append(vgg.NarrowLayout(vgg.Relu12, 1), statedict.Entry{Name: vgg.ViewName(vgg.Relu12), Shape: []int{1, 2, 1, 1}, Data: []float32{2, 2}})
	_, err := vgg.Load(be, d, vgg.Relu12)
	require.ErrorContains(t, err, "views.relu1_2.weight: file has [1 2 1 1], network needs [1 1 1 1]")
	v, err := vgg.Load(be, d[:4], vgg.Relu12)
	require.NoError(t, err)
	require.Equal(t, 1.0/4096, v.GramWeight())
}

// TestHashedWeights pins the recipe to values computed by hand from SplitMix64's
// published outputs for seed 0: 0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4.
func TestHashedWeights(t *testing.T) {
	d := vggtest.Hashed(vgg.Relu12)
	scale := float32(math.Sqrt(6.0 / 27))
	require.Equal(t, (float32(0xE220A8)*0x1p-23-1)*scale, d[0].Data[0])
	require.Equal(t, (float32(0x6E789E)*0x1p-23-1)*scale, d[0].Data[1])
	for _, v := range d[1].Data {
		require.LessOrEqual(t, float64(max(v, -v)), 0.05)
	}
}
