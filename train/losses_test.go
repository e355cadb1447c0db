package train_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// oracle computes the losses from the definitions, on the host in float64; only
// the network and VGG run on a backend.
type oracle struct {
	be       backend.Backend
	net      *nn.Network
	features *vgg.VGG
	style    *imageio.Image
}

// at returns the features of pictures {n, 3, size, size} at relu1_2 and relu2_2.
func (o *oracle) at(values []float32, n, h, w int, stylize bool) (maps [2][][]float64, channels [2]int) {
	tp := tensor.NewTape(o.be)
	defer tp.Reset()
	x := tensor.FromSlice(o.be, tensor.Shape{n, 3, h, w}, values)
	defer x.Free()
	y := x
	if stylize {
		y = o.net.Forward(tp, x)
	}
	for i, f := range o.features.Features(nil, tp, o.features.Normalize(tp, y), []vgg.Layer{vgg.Relu12, vgg.Relu22}) {
		v := f.Values()
		channels[i] = f.Shape()[1]
		for k := range n {
			var m []float64
			for _, e := range v[k*len(v)/n : (k+1)*len(v)/n] {
				m = append(m, float64(e))
			}
			maps[i] = append(maps[i], m)
		}
	}
	return maps, channels
}

func gram(m []float64, channels int) []float64 {
	n := len(m) / channels
	g := make([]float64, channels*channels)
	for i := range channels {
		for j := range channels {
			for p := range n {
				g[i*channels+j] += m[i*n+p] * m[j*n+p] / float64(len(m))
			}
		}
	}
	return g
}

func meanSquare(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i]) / float64(len(a))
	}
	return sum
}

// losses returns the content loss and those of both layers, all unweighted.
func (o *oracle) losses(b dataset.Batch) (content float64, layers [2]float64) {
	n := len(b.Indices)
	x, _ := o.at(b.Data, n, b.Size, b.Size, false)
	y, channels := o.at(b.Data, n, b.Size, b.Size, true)
	styleValues := make([]float32, 3*o.style.W*o.style.H)
	imageio.ToFloats(styleValues, o.style)
	s, _ := o.at(styleValues, 1, o.style.H, o.style.W, false)
	for k := range n {
		content += meanSquare(x[1][k], y[1][k]) / float64(n)
		for i := range layers {
			layers[i] += meanSquare(gram(y[i][k], channels[i]), gram(s[i][0], channels[i])) / float64(n)
		}
	}
	return content, layers
}

// batchOf makes a batch of n noise pictures.
func batchOf(n, size int, seed uint64) dataset.Batch {
	b := dataset.Batch{Size: size, Indices: make([]int, n), Names: make([]string, n), Data: make([]float32, n*3*size*size)}
	rng := rand.New(rand.NewPCG(seed, 0))
	for i := range b.Data {
		b.Data[i] = float32(rng.IntN(256))
	}
	return b
}

func TestStepMatchesTheDefinition(t *testing.T) {
	be := reference.New()
	net := nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1)
	features := vgg.Random(be, 1, vgg.Relu22)
	style := picture(9, 7, 3) // neither square nor resized
	cfg := small()
	cfg.ImageSize, cfg.StyleSize = 8, 0
	trainer, err := train.New(be, net, features, style, pictures(1), cfg)
	require.NoError(t, err)

	o := &oracle{be, net, features, style}
	pixels := make([]float32, 3*style.W*style.H)
	imageio.ToFloats(pixels, style)
	maps, _ := o.at(pixels, 1, style.H, style.W, false)
	for i, l := range trainer.GramTraces() {
		require.Equal(t, cfg.StyleLayers[i].Layer.Name(), l.Name)
		require.InEpsilon(t, meanSquare(maps[i][0], make([]float64, len(maps[i][0]))), l.Value, 1e-5)
	}
	require.Len(t, trainer.GramTraces(), 2)

	b := batchOf(2, 8, 1)
	content, layers := o.losses(b)
	total := func() float64 {
		c, l := o.losses(b)
		return 1e5*c + 2e9*(l[0]+0.5*l[1])
	}
	// The gradient of some weights, by finite differences before the step changes them.
	rng := rand.New(rand.NewPCG(2, 2))
	type probe struct {
		param nn.Param
		at    int
		want  float64
	}
	var probes []probe
	for _, i := range []int{0, 2, 4, 12, 20, len(net.Params()) - 2, len(net.Params()) - 1} {
		p := net.Params()[i]
		v := p.Tensor.Values()
		at := rng.IntN(len(v))
		old := v[at]
		nudged := func(d float32) float64 {
			v[at] = old + d
			p.Tensor.Write(v)
			return total()
		}
		const d = 1e-3
		up, down := nudged(d), nudged(-d)
		step := float64(old+d) - float64(old-d)
		nudged(0)
		probes = append(probes, probe{p, at, (up - down) / step})
	}

	losses, err := trainer.Step(b)
	require.NoError(t, err)
	require.InEpsilon(t, 1e5*content, losses.Term("content"), 1e-5)
	require.Equal(t, []string{"style/relu1_2", "style/relu2_2"}, []string{losses.Parts[0].Name, losses.Parts[1].Name})
	require.InEpsilon(t, 2e9*layers[0], losses.Parts[0].Value, 1e-5)
	require.InEpsilon(t, 1e9*layers[1], losses.Parts[1].Value, 1e-5)
	require.InEpsilon(t, losses.Parts[0].Value+losses.Parts[1].Value, losses.Term("style"), 1e-12)
	for _, p := range probes {
		g := p.param.Tensor.Grad()
		require.NotNil(t, g, p.param.Name)
		require.InDelta(t, p.want, float64(g[p.at]), 0.01*largest(g), p.param.Name)
	}
}

// TestContentLayerNeedNotBeAStyleLayer also shows that a layer's weight scales
// its loss, and nothing else.
func TestContentLayerNeedNotBeAStyleLayer(t *testing.T) {
	be := newCPU(t)
	step := func(layers []train.StyleLayer) train.Losses {
		cfg := small()
		cfg.StyleLayers = layers
		trainer := newTrainer(t, be, cfg, 1)
		losses, err := trainer.Step(batchOf(2, 16, 1))
		require.NoError(t, err)
		return losses
	}
	both := step(train.EqualLayers(vgg.Relu12, vgg.Relu22))
	shallow := step(train.EqualLayers(vgg.Relu12))
	require.Equal(t, both.Terms[0], shallow.Terms[0])
	require.Equal(t, both.Parts[:1], shallow.Parts)
	heavier := step([]train.StyleLayer{{Layer: vgg.Relu12, Weight: 4}})
	require.Equal(t, 4*shallow.Term("style"), heavier.Term("style"))
	reversed := step(train.EqualLayers(vgg.Relu22, vgg.Relu12))
	require.Equal(t, []train.Loss{both.Parts[1], both.Parts[0]}, reversed.Parts)
}

func TestTrainingLowersTheLoss(t *testing.T) {
	be := newCPU(t)
	cfg := small()
	cfg.Epochs, cfg.LearningRate = 10, 1e-2
	var totals []float64
	cfg.Events.OnStep = func(e *train.StepEvent) { totals = append(totals, e.Total()) }
	run(t, be, cfg)
	require.Less(t, totals[36], totals[0]/2, "the first batch of the last epoch and of the first")
}

func TestStepRefusesOtherBatches(t *testing.T) {
	trainer := newTrainer(t, newCPU(t), small(), 1)
	for _, b := range []dataset.Batch{batchOf(2, 8, 1), batchOf(0, 16, 1), {Size: 16, Indices: make([]int, 2), Data: make([]float32, 5)}} {
		_, err := trainer.Step(b)
		require.ErrorContains(t, err, "where the size is 16")
	}
}

// TestSteadyStepDoesNotAllocate covers steps with a whole and a partial batch. On a
// busy machine the runtime may allocate to let a worker wait, so one round of steps
// without any allocation is enough: what a step allocates, it allocates always.
func TestSteadyStepDoesNotAllocate(t *testing.T) {
	trainer := newTrainer(t, newCPU(t), small(), 1)
	whole, part := batchOf(2, 16, 1), batchOf(1, 16, 2)
	step := func() {
		for _, b := range []dataset.Batch{whole, part} {
			if _, err := trainer.Step(b); err != nil {
				panic(err)
			}
		}
	}
	step()
	least := testing.AllocsPerRun(5, step)
	for range 10 {
		least = min(least, testing.AllocsPerRun(5, step))
	}
	require.Zero(t, least)
}

func TestTrainOnTheReferenceBackend(t *testing.T) {
	cfg := small()
	cfg.Steps = 1
	be := reference.New()
	trainer := newTrainer(t, be, cfg, 1)
	before := be.Live()
	require.NoError(t, trainer.Train(context.Background()))
	require.Less(t, be.Live()-before, 60, "input, targets and gradients stay, nothing else")
	live := be.Live()
	cfg.Steps = 0
	for range 3 {
		_, err := trainer.Step(batchOf(2, 16, 1))
		require.NoError(t, err)
		require.Equal(t, live, be.Live(), "steps leak nothing")
	}
}

// TestTwoRunsCannotShareALossFile: the second is refused, and the first keeps its rows.
func TestTwoRunsCannotShareALossFile(t *testing.T) {
	shared := filepath.Join(t.TempDir(), "losses.csv")
	first, second := inFolder(t.TempDir()), inFolder(t.TempDir())
	first.Losses, second.Losses = shared, shared
	be := newCPU(t)
	first.Events.OnStep = func(e *train.StepEvent) {
		if e.Step == 5 {
			err := newTrainer(t, be, second, 2).Train(context.Background())
			require.ErrorIs(t, err, checkpoint.ErrLocked)
			require.ErrorContains(t, err, shared)
		}
	}
	run(t, be, first)
	require.Equal(t, 13, strings.Count(read(t, shared), "\n"))
}
