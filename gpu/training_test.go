//go:build gl && cgo && (linux || windows)

package gpu_test

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

// TestTraining runs whole training steps on the device and compares their losses
// with those of PyTorch: all 15 of the recorded run with IMPASTO_LONG=1, which a
// software renderer takes minutes for, and the first three without.
func TestTraining(t *testing.T) { followTraining(t, open(t)) }

// TestTrainingLate is TestTraining with dispatches as late as they may be.
func TestTrainingLate(t *testing.T) {
	need.OnlyLong(t)
	followTraining(t, gpu.Late(open(t)))
}

func followTraining(t *testing.T, d *gpu.Device) {
	dir := golden.Path(t, "training")
	trace := golden.Read(t, "training/trace.safetensors")
	initial, err := pth.ReadFile(filepath.Join(dir, "tutorial.pth"))
	require.NoError(t, err)
	net, err := nn.NewNetworkFrom(d, initial)
	require.NoError(t, err)
	features, err := vgg.Load(d, vggtest.Hashed(vgg.Relu54), vgg.Relu54)
	require.NoError(t, err)
	style, err := imageio.Load(filepath.Join(dir, "style.png"), imageio.Options{})
	require.NoError(t, err)
	data, err := dataset.Folder(filepath.Join(dir, "dataset"), imageio.Options{})
	require.NoError(t, err)

	cfg := train.Default()
	cfg.Epochs, cfg.Steps, cfg.ImageSize, cfg.StyleSize, cfg.StyleWeight = 5, 3, 64, 64, 1e9
	// Adam spreads rounding errors from step to step. Those of VGG's convolutions
	// matter most: they decide on which side of a ReLU a value near zero falls.
	const tolerance = 1e-3
	if need.Long() {
		cfg.Steps = 15
	}
	want := trace.Get(t, "tutorial.losses").Data
	steps := 0
	cfg.Events.OnStep = func(e *train.StepEvent) {
		require.InEpsilon(t, float64(want[2*steps]), e.Term("content"), tolerance, "content loss of step %d", e.Step)
		require.InEpsilon(t, float64(want[2*steps+1]), e.Term("style"), tolerance, "style loss of step %d", e.Step)
		steps++
	}
	trainer, err := train.New(d, net, features, style, data, cfg)
	require.NoError(t, err)
	defer trainer.Close()
	require.NoError(t, trainer.Train(context.Background()))
	require.Equal(t, cfg.Steps, steps)
}

// TestEveryNetwork compares the gradients of every kind of network with the CPU's.
func TestEveryNetwork(t *testing.T) {
	d := open(t)
	cpu := tensor.CPU()
	defer cpu.Close()
	shape := tensor.Shape{1, 3, 16, 24}
	pixels, zeros := make([]float32, shape.Len()), make([]float32, shape.Len())
	for i := range pixels {
		pixels[i] = float32(i * i % 253)
	}
	gradients := func(be backend.Backend, a *arch.Network) map[string][]float32 {
		net := nn.NewNetwork(be, a, 5)
		defer net.Free()
		tp := tensor.NewTape(be)
		defer tp.Reset()
		y := net.Forward(tp, tensor.FromSlice(be, shape, pixels))
		tp.Backward(tp.MSE(y, tensor.FromSlice(be, shape, zeros), 1e4))
		all := map[string][]float32{"": y.Values()}
		for _, p := range net.Params() {
			if g := p.Tensor.Grad(); g != nil && !strings.HasSuffix(p.Name, "in2.bias") { // of blocks: truly zero
				all[p.Name] = g
			}
		}
		return all
	}
	for _, family := range arch.Families() {
		a, err := arch.New(family, [3]int{6, 20, 32}, 1)
		require.NoError(t, err)
		want, got := gradients(cpu, a), gradients(d, a)
		require.Len(t, got, len(want))
		for name, w := range want {
			var diff, norm float64
			for i, v := range w {
				diff += math.Pow(float64(got[name][i]-v), 2)
				norm += float64(v) * float64(v)
			}
			require.Less(t, math.Sqrt(diff/norm), 1e-3, "%s %s", family, name)
		}
	}
}

// counting is a device that counts what is read from it, and can make the content
// loss of a step infinite.
type counting struct {
	*gpu.Device
	reads, trips int
	losses, bad  int
}

func (c *counting) Read(dst []float32, src backend.Buffer) {
	c.reads++
	c.Device.Read(dst, src)
}

func (c *counting) ReadScalars(dst []float32, src []backend.Buffer) {
	c.trips++
	c.Device.ReadScalars(dst, src)
}

// MSE is called once per step for the only style layer and once for the content.
func (c *counting) MSE(dst, a, b backend.Buffer, weight float32) {
	c.Device.MSE(dst, a, b, weight)
	if c.losses++; c.losses == 2*c.bad {
		c.Fill(dst, float32(math.Inf(1)))
	}
}

// tiny returns a run of 12 steps in 3 epochs.
func tiny(t *testing.T, be backend.Backend, change func(*train.Config)) (*train.Trainer, error) {
	var data dataset.Images
	for i := range 4 {
		m := imageio.New(16, 16)
		for k := range m.Pix {
			m.Pix[k] = uint8((i + 3) * k % 251)
		}
		data = append(data, m)
	}
	cfg := train.Default()
	cfg.Epochs, cfg.BatchSize, cfg.ImageSize, cfg.StyleSize, cfg.LogInterval = 3, 1, 16, 0, 4
	cfg.StyleLayers = train.EqualLayers(vgg.Relu12)
	change(&cfg)
	trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, cfg.Deepest()), data[0], data, cfg)
	require.NoError(t, err)
	t.Cleanup(trainer.Close)
	return trainer, trainer.Train(context.Background())
}

// TestTrainingStaysOnTheDevice has nothing but losses read, at log intervals, and
// nothing allocated or compiled after the first of these.
func TestTrainingStaysOnTheDevice(t *testing.T) {
	d := &counting{Device: open(t)}
	var trips []int
	var stats []gpu.Stats
	var last time.Time
	reads, late := 0, 0
	_, err := tiny(t, d, func(c *train.Config) {
		c.Events.OnStart = func(int) error {
			d.reads, last = 0, time.Now()
			return nil
		}
		c.Events.OnStep = func(e *train.StepEvent) {
			if e.Step%4 == 0 {
				reads, trips, stats = d.reads, append(trips, d.trips), append(stats, d.Stats())
				late += int(time.Since(last).Round(time.Second) / time.Second) // a second may be over just before
				last = time.Now()
			}
		}
	})
	require.NoError(t, err)
	require.Equal(t, 1, reads, "the style's Gram matrix, for the size of the batches")
	require.Len(t, stats, 3)
	require.LessOrEqual(t, trips[2], 3+late)
	require.Equal(t, stats[0].Allocations, stats[2].Allocations)
	require.Equal(t, stats[0].Bytes, stats[2].Bytes)
	require.Equal(t, stats[0].Programs, stats[2].Programs)
	require.Equal(t, stats[1].Dispatches-stats[0].Dispatches, stats[2].Dispatches-stats[1].Dispatches)
}

// TestNonFiniteOnTheDevice has an infinite loss between two log intervals, which
// changes no weight although the host notices it steps later.
func TestNonFiniteOnTheDevice(t *testing.T) {
	two, err := tiny(t, &counting{Device: open(t)}, func(c *train.Config) { c.Steps = 2 })
	require.NoError(t, err)
	d := &counting{Device: open(t), bad: 3}
	trainer, err := tiny(t, d, func(*train.Config) {})
	var bad *train.NonFiniteError
	require.ErrorAs(t, err, &bad)
	require.Equal(t, 3, bad.Step)
	require.Equal(t, []string{"image 2"}, bad.Images)
	require.Equal(t, nn.StateDict(two.Network().Params()), nn.StateDict(trainer.Network().Params()))
}

// TestOptionsOnTheDevice clips gradients, decays weights and follows a schedule, in
// the losses of the CPU and without reading anything more.
func TestOptionsOnTheDevice(t *testing.T) {
	options := func(losses *[]float64) func(c *train.Config) {
		return func(c *train.Config) {
			c.Schedule = train.WarmUp{Steps: 2, Then: train.Cosine{}}
			c.WeightDecay, c.MaxGradNorm = 0.1, 100
			c.Events.OnStep = func(e *train.StepEvent) { *losses = append(*losses, e.Total()) }
		}
	}
	var got, want, without []float64
	d, plain := &counting{Device: open(t)}, &counting{Device: open(t)}
	_, err := tiny(t, d, options(&got))
	require.NoError(t, err)
	_, err = tiny(t, plain, func(c *train.Config) {
		c.Events.OnStep = func(e *train.StepEvent) { without = append(without, e.Total()) }
	})
	require.NoError(t, err)
	cpu := tensor.CPU()
	defer cpu.Close()
	_, err = tiny(t, cpu, options(&want))
	require.NoError(t, err)
	require.InEpsilonSlice(t, want, got, 1e-3)
	require.Greater(t, math.Abs(without[11]-got[11]), 0.01*got[11])
	require.Equal(t, plain.reads, d.reads)
}
