package nn_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// shaken returns a network whose normalizations are not the identity, which they
// are at the start of a training.
func shaken(be backend.Backend, filters [3]int, blocks int, seed uint64) *nn.Network {
	return shakenNetwork(nn.NewTransformerNet(be, filters, blocks, seed), seed)
}

func shakenNetwork(net *nn.Network, seed uint64) *nn.Network {
	rng := rand.New(rand.NewPCG(seed, 1))
	for _, p := range net.Params() {
		v := p.Tensor.Values()
		for i := range v {
			v[i] += 0.2 * (rng.Float32() - 0.5)
		}
		p.Tensor.Write(v)
	}
	return net
}

func TestForwardMatchesFloat64Loops(t *testing.T) {
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, c := range []struct {
			filters [3]int
			blocks  int
			h, w    int
		}{
			{[3]int{2, 3, 4}, 1, 8, 8},
			{[3]int{3, 8, 16}, 2, 12, 20},
			{[3]int{16, 16, 5}, 3, 16, 8},
		} {
			net := shaken(be, c.filters, c.blocks, 3)
			x := randomImage(rng, 2*3*c.h*c.w)
			tp := tensor.NewTape(be)
			y := net.Forward(tp, tensor.FromSlice(be, tensor.Shape{2, 3, c.h, c.w}, x)).Values()

			o := newOracle(net.StateDict())
			var want []float32
			for n := 0; n < len(x); n += len(x) / 2 {
				in := newImage(3, c.h, c.w)
				for i := range in.v {
					in.v[i] = float64(x[n+i])
				}
				for _, v := range o.forward(in, c.blocks).v {
					want = append(want, float32(v))
				}
			}
			require.Less(t, relativeL2(t, want, y), 1e-5, "%+v", c)
			tp.Reset()
		}
	})
}

func TestGradientsMatchFiniteDifferences(t *testing.T) {
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		const h, w, blocks = 8, 12, 2
		net := shaken(be, [3]int{2, 3, 4}, blocks, 5)
		rng := rand.New(rand.NewPCG(3, 4))
		in := randomImage(rng, 2*3*h*w)
		target := randomImage(rng, 2*3*h*w)
		shape := tensor.Shape{2, 3, h, w}
		x := tensor.FromSlice(be, shape, in).RequireGrad()
		tp := tensor.NewTape(be)
		tp.Backward(tp.MSE(net.Forward(tp, x), tensor.FromSlice(be, shape, target), float32(x.Len())/2))

		o := newOracle(net.StateDict())
		in64 := make([]float64, len(in))
		for i, v := range in {
			in64[i] = float64(v)
		}
		check := func(name string, values []float64, grad []float32, step float64) {
			loss := o.loss(in64, target, h, w, blocks)
			tolerance := 1e-4*largest(grad) + 1e-14*loss/step // of float32, of the difference
			for range min(len(values), 8) {
				i := rng.IntN(len(values))
				old := values[i]
				values[i] = old + step
				up := o.loss(in64, target, h, w, blocks)
				values[i] = old - step
				down := o.loss(in64, target, h, w, blocks)
				values[i] = old
				require.InDelta(t, (up-down)/(2*step), float64(grad[i]), tolerance, "%s[%d]", name, i)
			}
		}
		for _, p := range net.Params() {
			g := p.Tensor.Grad()
			if g == nil {
				// A bias before a normalization changes nothing.
				before := o.loss(in64, target, h, w, blocks)
				o[p.Name][0] += 10
				require.InEpsilon(t, before, o.loss(in64, target, h, w, blocks), 1e-9, p.Name)
				o[p.Name][0] -= 10
				continue
			}
			check(p.Name, o[p.Name], g, 1e-5)
		}
		check("x", in64, x.Grad(), 1e-4)
	})
}

func TestTransformerNetEqualsPyTorch(t *testing.T) {
	for name, paths := range map[string]func(t *testing.T) (weights, pass string){
		"hashed weights": func(t *testing.T) (weights, pass string) {
			return golden.Path(t, "tutorial.pth"), golden.Path(t, "tutorial.safetensors")
		},
		"the author's weights": func(t *testing.T) (weights, pass string) {
			return need.Shared(t, "data/author/final.pth"), need.Shared(t, "golden/transformer_author.safetensors")
		},
	} {
		t.Run(name, func(t *testing.T) {
			weights, pass := paths(t)
			golden, _, err := safetensors.ReadFile(pass)
			require.NoError(t, err)
			dict, err := pth.ReadFile(weights)
			require.NoError(t, err)
			equalsPyTorch(t, dict, golden)
		})
	}
}

// equalsPyTorch compares one pass forward and backward.
func equalsPyTorch(t *testing.T, dict, golden statedict.Dict) {
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		net, err := nn.NewNetworkFrom(be, dict)
		require.NoError(t, err)
		require.Equal(t, dict, net.StateDict())

		load := func(name string) *tensor.Tensor {
			e := golden.Lookup(name)
			return tensor.FromSlice(be, tensor.Shape(e.Shape), e.Data)
		}
		x := load("x").RequireGrad()
		tp := tensor.NewTape(be)
		y := net.Forward(tp, x)
		want := golden.Lookup("y").Data
		got := y.Values()
		require.Less(t, relativeL2(t, want, got), 1e-5)

		// Half the squared distance from y-gy has the upstream gradient gy.
		gy := golden.Lookup("gy").Data
		target := make([]float32, len(gy))
		for i := range target {
			target[i] = got[i] - gy[i]
		}
		tp.Backward(tp.MSE(y, tensor.FromSlice(be, y.Shape(), target), float32(y.Len())/2))
		require.Less(t, relativeL2(t, golden.Lookup("grad_x").Data, x.Grad()), 1e-4)
		for _, p := range net.Params() {
			if g := p.Tensor.Grad(); g != nil {
				want := golden.Lookup("grad." + p.Name).Data
				if strings.HasSuffix(p.Name, "in2.bias") && strings.HasPrefix(p.Name, "resnets") {
					// A constant on the residual path: in4 removes it, the true gradient is zero.
					require.Less(t, max(largest(want), largest(g)), 1e-5*largest(golden.Lookup("grad.in4.bias").Data), p.Name)
					continue
				}
				require.Less(t, relativeL2(t, want, g), 2e-4, p.Name)
			} else {
				// A bias before a normalization changes nothing.
				require.Less(t, largest(golden.Lookup("grad."+p.Name).Data), 1e-5*largest(golden.Lookup("grad.in4.bias").Data), p.Name)
			}
		}
	})
}

func TestStateDictNamesAndOrder(t *testing.T) {
	net := nn.NewTransformerNet(reference.New(), [3]int{2, 3, 4}, 2, 0)
	var want []string
	pair := func(name string) { want = append(want, name+".weight", name+".bias") }
	for _, name := range []string{
		"conv1.conv2d", "in1", "conv2.conv2d", "in2", "conv3.conv2d", "in3",
		"resnets.0.conv1.conv2d", "resnets.0.in1", "resnets.0.conv2.conv2d", "resnets.0.in2",
		"resnets.1.conv1.conv2d", "resnets.1.in1", "resnets.1.conv2.conv2d", "resnets.1.in2",
		"deconv1.conv2d", "in4", "deconv2.conv2d", "in5", "deconv3.conv2d",
	} {
		pair(name)
	}
	d := net.StateDict()
	require.Equal(t, want, d.Names())
	require.Equal(t, []int{2, 3, 9, 9}, d.Lookup("conv1.conv2d.weight").Shape)
	require.Equal(t, []int{3, 4, 3, 3}, d.Lookup("deconv1.conv2d.weight").Shape)
	require.Equal(t, []int{3}, d.Lookup("deconv3.conv2d.bias").Shape)
}

func TestNumParams(t *testing.T) {
	for filters, want := range map[[3]int]int{{8, 16, 32}: 108_771, {16, 32, 64}: 424_899, {32, 64, 128}: 1_679_235} {
		net := nn.NewTransformerNet(reference.New(), filters, 5, 0)
		require.Equal(t, want, net.NumParams(), "%v", filters)
		require.Len(t, net.Params(), 62)
	}
}

func TestInitialWeightsAreUniform(t *testing.T) {
	net := nn.NewTransformerNet(reference.New(), [3]int{8, 16, 32}, 2, 42)
	fanIn := 0
	for _, p := range net.Params() {
		values := p.Tensor.Values()
		if !strings.Contains(p.Name, "conv2d.") {
			want := float32(0)
			if strings.HasSuffix(p.Name, ".weight") {
				want = 1
			}
			for _, v := range values {
				require.Equal(t, want, v, p.Name)
			}
			continue
		}
		if len(p.Shape) == 4 {
			fanIn = p.Shape[1] * p.Shape[2] * p.Shape[3]
		}
		bound := 1 / math.Sqrt(float64(fanIn))
		var mean, square, largest float64
		for _, v := range values {
			mean += float64(v) / float64(len(values))
			square += float64(v) * float64(v) / float64(len(values))
			largest = max(largest, math.Abs(float64(v)))
		}
		require.LessOrEqual(t, largest, bound, p.Name)
		if len(values) > 500 {
			require.Greater(t, largest, 0.98*bound, p.Name)
			require.InDelta(t, 0, mean, 0.1*bound, p.Name)
			require.InDelta(t, bound*bound/3, square, 0.05*bound*bound, p.Name)
		}
	}
	again := nn.NewTransformerNet(reference.New(), [3]int{8, 16, 32}, 2, 42)
	require.Equal(t, net.StateDict(), again.StateDict())
	other := nn.NewTransformerNet(reference.New(), [3]int{8, 16, 32}, 2, 43)
	require.NotEqual(t, net.StateDict(), other.StateDict())
}

func TestFrozenNetworkKeepsNothing(t *testing.T) {
	be := reference.New()
	net := nn.NewTransformerNet(be, [3]int{2, 3, 4}, 2, 1)
	net.Freeze()
	x := tensor.FromSlice(be, tensor.Shape{1, 3, 8, 8}, randomImage(rand.New(rand.NewPCG(1, 1)), 3*64))
	before := be.Live()
	tp := tensor.NewTape(be)
	y := net.Forward(tp, x)
	require.Equal(t, before+1, be.Live(), "only the result is left")
	tp.Release(y)
	require.Equal(t, before, be.Live())

	d := net.StateDict()
	require.NoError(t, net.LoadStateDict(d, true))
	require.False(t, net.Params()[0].Tensor.RequiresGrad())
	x.Free()
	net.Free()
	require.Zero(t, be.Live())
}

// TestFoldedWeights compares weights and blur folded on the tape, where gradients flow
// through them, with those folded once.
func TestFoldedWeights(t *testing.T) {
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		for _, filters := range [][3]int{{2, 3, 4}, {8, 32, 64}, {32, 48, 33}} {
			net := nn.NewNetwork(be, arch.AntiAliased(filters, 1, true), 3)
			x := tensor.FromSlice(be, tensor.Shape{1, 3, 12, 20}, randomImage(rand.New(rand.NewPCG(2, 3)), 3*12*20))
			tp := tensor.NewTape(be)
			want := net.Forward(tp, x).Values()
			tp.Reset()
			net.Freeze()
			require.Less(t, relativeL2(t, want, net.Forward(tp, x).Values()), 1e-5)
			tp.Reset()
			// Loading other weights folds these.
			other := nn.NewNetwork(be, net.Arch(), 4)
			require.NoError(t, net.LoadStateDict(other.StateDict(), true))
			want = other.Forward(tp, x).Values()
			require.Less(t, relativeL2(t, want, net.Forward(tp, x).Values()), 1e-5)
			tp.Reset()
		}
	})
}

// TestFrozenNetworkComputesTheSame compares the normalizations in place, without
// gradients, with those that keep their input.
func TestFrozenNetworkComputesTheSame(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	net := nn.NewTransformerNet(be, [3]int{8, 16, 32}, 2, 3)
	x := tensor.FromSlice(be, tensor.Shape{2, 3, 36, 52}, randomImage(rand.New(rand.NewPCG(2, 3)), 2*3*36*52))
	tp := tensor.NewTape(be)
	want := net.Forward(tp, x).Values()
	tp.Reset()
	net.Freeze()
	for range 2 { // the second time in used memory
		require.Equal(t, want, net.Forward(tp, x).Values())
		tp.Reset()
	}
}

func TestForwardRefusesSizes(t *testing.T) {
	be := reference.New()
	net := nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1)
	for _, s := range []tensor.Shape{{1, 3, 8, 10}, {1, 3, 4, 8}, {1, 1, 8, 8}, {1, 3, 541, 540}} {
		err := tensor.Try(func() { net.Forward(tensor.NewTape(be), tensor.New(be, s)) })
		require.ErrorContains(t, err, s.String())
		require.ErrorContains(t, err, "multiples of 4")
	}
}
