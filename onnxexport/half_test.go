package onnxexport_test

import (
	"fmt"
	"image"
	_ "image/jpeg"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
)

// drawing returns picture i of a kind, h x w, values 0..255.
type drawing struct {
	kind string
	x    []float32
}

// drawings returns n pictures of each kind: planes of one color, noise of any
// contrast, gradients in any direction, and shapes on gradients.
func drawings(n, h, w int) (list []drawing) {
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func(kind string, pixel func(y, x, c int) float64) {
		d := drawing{kind, make([]float32, 3*h*w)}
		for i := range d.x {
			d.x[i] = float32(math.Round(min(max(pixel(i/w%h, i%w, i/(h*w)), 0), 255)))
		}
		list = append(list, d)
	}
	draw("black", func(y, x, c int) float64 { return 0 })
	draw("white", func(y, x, c int) float64 { return 255 })
	for i := range n {
		level, contrast := rng.Float64()*255, math.Exp2(1+7*rng.Float64())
		angle, phase := rng.Float64()*2*math.Pi, rng.Float64()*6
		draw("plane", func(y, x, c int) float64 { return level + float64(c-1)*40 })
		draw("noise", func(y, x, c int) float64 { return level + contrast*(rng.Float64()-0.5) })
		gradient := func(y, x, c int) float64 {
			along := math.Cos(angle)*float64(x)/float64(w) + math.Sin(angle)*float64(y)/float64(h)
			return 127 + 127*along*math.Cos(phase+float64(c))
		}
		draw("gradient", gradient)
		cy, cx, r := float64(h)*rng.Float64(), float64(w)*rng.Float64(), float64(h)*(0.1+0.3*rng.Float64())
		draw("shapes", func(y, x, c int) float64 {
			v := gradient(y, x, c) + 8*(rng.Float64()-0.5)
			if math.Hypot(float64(y)-cy, float64(x)-cx) < r {
				return 255 - v
			}
			if (x/7+y/5+i)%4 == 0 {
				return v / 2
			}
			return v
		})
	}
	return list
}

// photographs returns pictures from beside the repository, if they are there.
func photographs(t *testing.T, n, h, w int) (list []drawing) {
	files, _ := filepath.Glob("../../shared/data/photos/*.jpg")
	for _, file := range files[:min(n, len(files))] {
		f, err := os.Open(file)
		require.NoError(t, err)
		m, _, err := image.Decode(f)
		require.NoError(t, err)
		require.NoError(t, f.Close())
		d := drawing{"photograph", make([]float32, 3*h*w)}
		for y := range h {
			for x := range w {
				r, g, b, _ := m.At(x*m.Bounds().Dx()/w, y*m.Bounds().Dy()/h).RGBA()
				for c, v := range []uint32{r, g, b} {
					d.x[(c*h+y)*w+x] = float32(v >> 8)
				}
			}
		}
		list = append(list, d)
	}
	return list
}

// halfNets returns networks that half precision is tried on: one that PyTorch has
// trained, one of the other family, and one whose weights are as large as nothing
// keeps them from getting, as the normalizations divide their size out.
func halfNets(t *testing.T) map[string]statedict.Dict {
	trained, err := pth.ReadFile(golden.Path(t, "tutorial.pth"))
	require.NoError(t, err)
	large := randomNet([3]int{4, 8, 16}, 8)
	for _, e := range large {
		if len(e.Shape) == 4 && strings.HasPrefix(e.Name, "resnets.") {
			onnx.Scale(e.Data, 1000)
		}
	}
	return map[string]statedict.Dict{
		"trained": trained, "pytorch-examples": randomWeights(arch.PyTorchExamples([3]int{8, 16, 32}, 5)), "large weights": large,
	}
}

// levels compares two outputs as pictures, in levels of 255. It reports how many
// values of got are not finite.
func levels(want, got []float32) (mean, worst float64, broken int) {
	for i := range want {
		g := float64(got[i])
		if math.IsNaN(g) || math.IsInf(g, 0) {
			broken++
			continue
		}
		d := math.Abs(min(max(g, 0), 255) - min(max(float64(want[i]), 0), 255))
		mean += d / float64(len(want))
		worst = max(worst, d)
	}
	return mean, worst, broken
}

// TestHalf evaluates files in half precision, rounding after every node, on pictures
// of many kinds: nothing may overflow, and no value may be two levels off. The same
// networks converted without a thought are evaluated beside them, to see that this
// asks for something. Its long form takes 200 pictures, and photographs if there are
// any.
func TestHalf(t *testing.T) {
	h, w := 32, 48
	pictures := drawings(3, h, w)
	if need.Long() {
		pictures = append(drawings(50, h, w), photographs(t, 50, h, w)...)
	}
	overflows := map[string]int{}
	for name, d := range halfNets(t) {
		plain := build(t, d, onnxexport.Options{Bytes: true})
		half := map[string]*onnx.Model{"naive": converted(build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Bytes: true}))}
		for text, p := range map[string]onnxexport.Precision{"weights": onnxexport.HalfWeights, "all": onnxexport.HalfValues} {
			half[text] = build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: p, Bytes: true})
		}
		farthest := map[string]float64{}
		for _, p := range pictures {
			want, err := plain.Evaluate(p.x, h, w)
			require.NoError(t, err)
			for text, m := range half {
				got, err := m.Evaluate(p.x, h, w)
				require.NoError(t, err)
				_, worst, broken := levels(want, got)
				farthest[text] = max(farthest[text], worst)
				if text == "naive" {
					overflows[name] += broken
					continue
				}
				require.Zero(t, broken, "%s %s %s", name, text, p.kind)
				require.Less(t, worst, 2., "%s %s %s", name, text, p.kind)
			}
		}
		t.Logf("%s: weights %.2f, all %.2f, naive %.2f levels at most, and %d values not finite",
			name, farthest["weights"], farthest["all"], farthest["naive"], overflows[name])
		require.True(t, farthest["naive"] > 2 || overflows[name] > 0, "%s: naive conversion would do", name)
	}
	require.NotZero(t, overflows["large weights"])
}

// converted makes a model compute in float16 as converters do: every constant is
// rounded, every value too.
func converted(m *onnx.Model) *onnx.Model {
	for i := range m.Graph.Initializers {
		c := &m.Graph.Initializers[i]
		if v, err := c.Floats(); err == nil && !strings.HasSuffix(c.Name, "scales") {
			*c = onnx.HalfTensor(c.Name, c.Dims, v)
		}
	}
	cast := func(from, to string, kind onnx.DataType) onnx.Node {
		return onnx.Node{Op: "Cast", Inputs: []string{from}, Outputs: []string{to}, Attributes: []onnx.Attribute{{Name: "to", Type: onnx.AttributeInt, Int: int64(kind)}}}
	}
	nodes := []onnx.Node{cast("input", "half_input", onnx.Float16)}
	for _, n := range m.Graph.Nodes {
		for i, name := range n.Inputs {
			if name == "input" {
				n.Inputs[i] = "half_input"
			}
		}
		if n.Outputs[0] == "output" {
			n.Outputs[0] = "half_output"
		}
		nodes = append(nodes, n)
	}
	m.Graph.Nodes = append(nodes, cast("half_output", "output", onnx.Float32))
	return m
}

// TestHalfInONNXRuntime has ONNX Runtime run such files.
func TestHalfInONNXRuntime(t *testing.T) {
	modules := need.Tool(t, "ort")
	runs := &modelRuns{t: t, dir: t.TempDir()}
	h, w := 48, 64
	for name, d := range halfNets(t) {
		plain := build(t, d, onnxexport.Options{Bytes: true})
		for _, o := range []onnxexport.Options{
			{Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfWeights, Bytes: true},
			{Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfValues, Bytes: true},
			{Profile: onnxexport.Static, Width: w, Height: h, Precision: onnxexport.HalfValues, Bytes: true},
		} {
			m := build(t, d, o)
			for _, p := range drawings(1, h, w) {
				if p.kind == "black" || p.kind == "white" || p.kind == "plane" {
					continue // the normalizations magnify float32's own rounding there
				}
				want, err := plain.Evaluate(p.x, h, w)
				require.NoError(t, err)
				runs.add(fmt.Sprintf("%s %v %d %s", name, o.Profile, o.Precision, p.kind), m, p.x, h, w, want)
			}
		}
	}
	runs.run(func(dir string) { run(t, "node", "testdata/ort.js", modules, dir) }, func(name string, got, want []float32) {
		_, worst, broken := levels(want, got)
		require.Zero(t, broken, name)
		require.Less(t, worst, 2., name)
	})
}

// TestHalfOfAuthorsNetwork tries the tutorial's author's network, which magnifies
// noise more than twenty times.
func TestHalfOfAuthorsNetwork(t *testing.T) {
	author, err := onnx.ReadFile(need.Shared(t, "data/author/final.onnx"))
	require.NoError(t, err)
	network, err := author.Network()
	require.NoError(t, err)
	h, w := 32, 48
	pictures := append(drawings(3, h, w), photographs(t, 5, h, w)...)
	if need.Long() {
		pictures = append(drawings(50, h, w), photographs(t, 50, h, w)...)
	}
	half := map[onnxexport.Precision]*onnx.Model{}
	for _, p := range []onnxexport.Precision{onnxexport.HalfWeights, onnxexport.HalfValues} {
		half[p] = build(t, network.Weights, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: p, Bytes: true})
	}
	farthest := map[onnxexport.Precision]float64{}
	for _, pic := range pictures {
		want, err := author.Evaluate(pic.x, h, w)
		require.NoError(t, err)
		for p, m := range half {
			got, err := m.Evaluate(pic.x, h, w)
			require.NoError(t, err)
			_, worst, broken := levels(want, got)
			require.Zero(t, broken)
			require.Less(t, worst, 2., "%d %s", p, pic.kind)
			farthest[p] = max(farthest[p], worst)
		}
	}
	t.Logf("levels at most: %.2v", farthest)
}

// TestHalfByNode looks at the constants of a file that computes in float16: where that
// begins, that each convolution and its normalization's epsilon are scaled alike, by a
// power of two, and that rounding keeps the sums of kernels.
func TestHalfByNode(t *testing.T) {
	for name, d := range halfNets(t) {
		half := build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfValues, Bytes: true})
		plain := build(t, d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Bytes: true})
		constant := func(m *onnx.Model, name string) (*onnx.Tensor, []float32) {
			i := slices.IndexFunc(m.Graph.Initializers, func(t onnx.Tensor) bool { return t.Name == name })
			v, err := m.Graph.Initializers[i].Floats()
			require.NoError(t, err)
			return &m.Graph.Initializers[i], v
		}
		n, err := arch.Recognize(d)
		require.NoError(t, err)
		exact := slices.IndexFunc(n.Layers, func(l arch.Layer) bool { return len(l.Plus) > 0 })
		scaled := 0
		for i := range n.Layers {
			l := &n.Layers[i]
			tensor, got := constant(half, l.Conv+".weight")
			_, want := constant(plain, l.Conv+".weight")
			require.Equal(t, i > exact, tensor.DataType == onnx.Float16, "%s %s", name, l.Name)
			s := 1.0
			if i > exact && l.Norm != "" {
				at := 0 // the largest weight
				for k, w := range want {
					if math.Abs(float64(w)) > math.Abs(float64(want[at])) {
						at = k
					}
				}
				s = math.Exp2(math.Round(math.Log2(float64(want[at]) / float64(got[at]))))
				if s > 1 {
					scaled++
				}
				node := slices.IndexFunc(half.Graph.Nodes, func(n onnx.Node) bool { return n.Name == l.Norm })
				epsilon := float64(half.Graph.Nodes[node].Attribute("epsilon").Float)
				require.InEpsilon(t, 1e-5, epsilon*s*s, 1e-6, "%s %s", name, l.Name)
				_, bias := constant(half, l.Conv+".bias")
				_, wide := constant(plain, l.Conv+".bias")
				for k := range bias {
					require.InDelta(t, wide[k], float64(bias[k])*s, math.Abs(float64(wide[k]))*0x1p-11+s*0x1p-24)
				}
			}
			taps := l.Taps() * l.Taps()
			for at := 0; at < len(want); at += taps {
				sum, most := 0.0, 0.0
				for k := at; k < at+taps; k++ {
					sum += float64(want[k]) - float64(got[k])*s
					most = max(most, math.Abs(float64(want[k])))
				}
				require.LessOrEqual(t, math.Abs(sum), most*0x1p-10+s*0x1p-24, "%s %s", name, l.Name)
			}
		}
		require.Equal(t, name == "large weights", scaled > 0, name)
	}
}

// TestTooLargeForHalf refuses sums of blocks that float16 may not hold; stored in half
// precision only, the weights may be any.
func TestTooLargeForHalf(t *testing.T) {
	for gain, fits := range map[float32]bool{1000: true, 2000: false} {
		d := randomNet([3]int{4, 8, 16}, 2)
		gains := d.Lookup("resnets.1.in2.weight").Data
		for i := range gains {
			gains[i] = gain
		}
		_, err := onnxexport.Build(d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfWeights})
		require.NoError(t, err)
		_, err = onnxexport.Build(d, onnxexport.Options{Profile: onnxexport.ONNXRuntime, Precision: onnxexport.HalfValues})
		if fits {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "too much for half precision")
		}
	}
}
