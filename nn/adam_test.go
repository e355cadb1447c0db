package nn_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

// squares gives w the gradient w - target and returns it.
func squares(tp *tensor.Tape, w, target *tensor.Tensor) []float32 {
	w.ZeroGrad()
	tp.Backward(tp.MSE(w, target, float32(w.Len())/2))
	tp.Reset()
	return w.Grad()
}

func TestAdamMatchesFloat64(t *testing.T) {
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		rng := rand.New(rand.NewPCG(7, 7))
		const n = 37
		w := tensor.FromSlice(be, tensor.Vec(n), randomImage(rng, n)).RequireGrad()
		unused := tensor.FromSlice(be, tensor.Vec(2), []float32{1, 2}).RequireGrad()
		target := tensor.FromSlice(be, tensor.Vec(n), randomImage(rng, n))
		opt := nn.NewAdam(be, []nn.Param{
			{Name: "w", Shape: []int{n}, Tensor: w}, {Name: "unused", Shape: []int{2}, Tensor: unused},
		}, 0.1)
		want, m, v := make([]float64, n), make([]float64, n), make([]float64, n)
		for i, x := range w.Values() {
			want[i] = float64(x)
		}
		tp := tensor.NewTape(be)
		for step := 1; step <= 20; step++ {
			g := squares(tp, w, target)
			norm := 0.0
			for i := range want {
				gi := float64(g[i])
				norm += gi * gi
				m[i] = 0.9*m[i] + 0.1*gi
				v[i] = 0.999*v[i] + 0.001*gi*gi
				mHat := m[i] / (1 - math.Pow(0.9, float64(step)))
				vHat := v[i] / (1 - math.Pow(0.999, float64(step)))
				want[i] -= 0.1 * mHat / (math.Sqrt(vHat) + 1e-8)
			}
			require.InEpsilon(t, math.Sqrt(norm), opt.GradNorm(), 1e-5)
			opt.Step()
			for i, x := range w.Values() {
				require.InDelta(t, want[i], float64(x), 1e-4, "step %d, element %d", step, i)
			}
		}
		require.Equal(t, []float32{1, 2}, unused.Values(), "without a gradient nothing moves")
	})
}

// TestAdamWMatchesPyTorch takes the steps that testdata/adamw.py recorded, with and
// without weight decay and a limit of the gradients' norm.
func TestAdamWMatchesPyTorch(t *testing.T) {
	var runs []struct {
		Decay   float64     `json:"decay"`
		MaxNorm float64     `json:"max_norm"`
		Start   [][]float32 `json:"start"`
		Steps   []struct {
			Grads  [][]float32 `json:"grads"`
			Norm   float64     `json:"norm"`
			Params [][]float32 `json:"params"`
		} `json:"steps"`
	}
	file, err := os.ReadFile("testdata/adamw.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(file, &runs))
	require.Len(t, runs, 4)
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		for _, r := range runs {
			var params []nn.Param
			for _, v := range r.Start {
				p := tensor.FromSlice(be, tensor.Vec(len(v)), v).RequireGrad()
				params = append(params, nn.Param{Shape: []int{len(v)}, Tensor: p})
			}
			opt := nn.NewAdam(be, params, 0.05)
			opt.WeightDecay, opt.MaxNorm = r.Decay, r.MaxNorm
			tp := tensor.NewTape(be)
			for i, s := range r.Steps {
				opt.ZeroGrad()
				for k, p := range params {
					// Half the squared distance to w-g has the gradient g.
					target := p.Tensor.Values()
					for e, g := range s.Grads[k] {
						target[e] -= g
					}
					tp.Backward(tp.MSE(p.Tensor, tensor.FromSlice(be, p.Tensor.Shape(), target), float32(len(target))/2))
				}
				if i%2 == 0 { // which Step does otherwise
					require.InEpsilon(t, s.Norm, opt.GradNorm(), 1e-5)
				}
				opt.Step()
				for k, p := range params {
					require.InDeltaSlice(t, s.Params[k], p.Tensor.Values(), 1e-5, "decay %v, norm %v, step %d", r.Decay, r.MaxNorm, i+1)
				}
				tp.Reset()
			}
		}
	})
}

func TestAdamContinuesFromItsState(t *testing.T) {
	be := reference.New()
	newTask := func() (*tensor.Tensor, *nn.Adam) {
		w := tensor.FromSlice(be, tensor.Vec(3), []float32{1, 2, 3}).RequireGrad()
		return w, nn.NewAdam(be, []nn.Param{{Name: "w", Shape: []int{3}, Tensor: w}}, 0.1)
	}
	target := tensor.FromSlice(be, tensor.Vec(3), []float32{5, -1, 2})
	tp := tensor.NewTape(be)
	w, opt := newTask()
	for range 5 {
		squares(tp, w, target)
		opt.Step()
	}
	state, values := opt.State(), w.Values()
	require.Equal(t, 5, state.Step)

	other, resumed := newTask()
	other.Write(values)
	require.NoError(t, resumed.SetState(state))
	require.Equal(t, state, resumed.State())
	for range 5 {
		squares(tp, w, target)
		opt.Step()
		squares(tp, other, target)
		resumed.Step()
		require.InDeltaSlice(t, w.Values(), other.Values(), 1e-6)
	}

	broken := state
	broken.ExpAvgSq = nil
	require.ErrorContains(t, resumed.SetState(broken), "second moments: state dict does not fit the network: missing: w")
	broken = state
	broken.Step = -1
	require.ErrorContains(t, resumed.SetState(broken), "negative")
}

func TestGradNormIsNotFiniteIfAGradientIsNot(t *testing.T) {
	be := reference.New()
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		w := tensor.FromSlice(be, tensor.Vec(3), []float32{1, 2, bad}).RequireGrad()
		opt := nn.NewAdam(be, []nn.Param{{Name: "w", Shape: []int{3}, Tensor: w}}, 0.1)
		squares(tensor.NewTape(be), w, tensor.FromSlice(be, tensor.Vec(3), make([]float32, 3)))
		norm := opt.GradNorm()
		require.True(t, math.IsNaN(norm) || math.IsInf(norm, 0), "%v", bad)
	}
}
