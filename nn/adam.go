package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// Adam is the optimizer of Kingma and Ba (arXiv:1412.6980) with the semantics of
// torch.optim.AdamW and clip_grad_norm_. Its fields may be changed between steps.
type Adam struct {
	LR           float64 // learning rate
	Beta1, Beta2 float64 // decay of the moments; 0.9 and 0.999
	Eps          float64 // added to the root of the second moment; 1e-8

	// WeightDecay times LR is the part of each parameter that a step takes away
	// besides (Loshchilov and Hutter, arXiv:1711.05101); 0.
	WeightDecay float64
	// MaxNorm is the GradNorm down to which longer gradients are scaled, all by the
	// same factor, which is computed on the backend; 0 means no limit. The gradients
	// themselves stay as they are.
	MaxNorm float64

	// Guard, if not nil, is a scalar on the parameters' backend: while it is not
	// finite, steps leave the parameters and their moments as they are. So a bad
	// gradient does no harm although the host has not seen it yet.
	Guard *tensor.Tensor

	be      backend.Backend
	params  []Param
	moments []moments
	step    int
	square  *tensor.Tensor // scratch of GradSquares
	sum     *tensor.Tensor
	summed  bool // sum is that of the next step
	norm    [1]float32
}

// moments are the running means of a parameter's gradient and of its square.
type moments struct{ expAvg, expAvgSq *tensor.Tensor }

// AdamState is what a checkpoint needs to continue with the same steps. Entries
// have the names and shapes of the parameters; those that never had a gradient
// have zeros.
type AdamState struct {
	Step             int // number of steps done
	ExpAvg, ExpAvgSq statedict.Dict
}

// NewAdam makes an optimizer of params, all on be, with PyTorch's default betas
// and epsilon.
func NewAdam(be backend.Backend, params []Param, lr float64) *Adam {
	a := &Adam{LR: lr, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, be: be, params: params}
	for _, p := range params {
		a.moments = append(a.moments, moments{newZeros(be, p.Tensor.Shape()), newZeros(be, p.Tensor.Shape())})
	}
	a.square, a.sum = newZeros(be, backend.Scalar), newZeros(be, backend.Scalar)
	return a
}

func newZeros(be backend.Backend, s tensor.Shape) *tensor.Tensor {
	t := tensor.New(be, s)
	be.Fill(t.Buffer(), 0)
	return t
}

// Steps returns the number of steps done.
func (a *Adam) Steps() int { return a.step }

// SetSteps sets the number of steps done, for steps that the Guard prevented.
func (a *Adam) SetSteps(n int) { a.step = n }

// ZeroGrad forgets the gradients of all parameters.
func (a *Adam) ZeroGrad() {
	a.summed = false
	for _, p := range a.params {
		p.Tensor.ZeroGrad()
	}
}

// GradNorm returns the Euclidean norm of all gradients together. It is not finite
// if one of them is not, or is so large that Step could not square it.
func (a *Adam) GradNorm() float64 {
	a.GradSquares().Read(a.norm[:])
	return math.Sqrt(float64(a.norm[0]))
}

// GradSquares returns the square of the GradNorm as a scalar on the parameters'
// backend, which belongs to the optimizer and is valid until the next call.
func (a *Adam) GradSquares() *tensor.Tensor {
	a.be.Fill(a.sum.Buffer(), 0)
	for _, p := range a.params {
		if g := p.Tensor.GradBuffer(); g != nil {
			a.be.SumSquares(a.square.Buffer(), g)
			a.be.Add(a.sum.Buffer(), a.sum.Buffer(), a.square.Buffer())
		}
	}
	a.summed = true
	return a.sum
}

// Step updates every parameter that has a gradient.
func (a *Adam) Step() {
	if a.MaxNorm > 0 && !a.summed {
		a.GradSquares()
	}
	a.summed = false
	a.step++
	t := float64(a.step)
	p := backend.AdamParams{
		Beta1:              a.Beta1,
		Beta2:              a.Beta2,
		Eps:                float32(a.Eps),
		StepSize:           float32(a.LR / (1 - math.Pow(a.Beta1, t))),
		InvSqrtCorrection2: float32(1 / math.Sqrt(1-math.Pow(a.Beta2, t))),
		Decay:              float32(a.LR * a.WeightDecay),
		MaxNorm:            float32(a.MaxNorm),
		Squares:            a.sum.Buffer(),
	}
	var guard backend.Buffer
	if a.Guard != nil {
		guard = a.Guard.Buffer()
	}
	for i := range a.params {
		w := a.params[i].Tensor
		if g := w.GradBuffer(); g != nil {
			a.be.Adam(w.Buffer(), a.moments[i].expAvg.Buffer(), a.moments[i].expAvgSq.Buffer(), g, guard, p)
		}
	}
}

// State returns a copy of the optimizer's state.
func (a *Adam) State() AdamState {
	s := AdamState{Step: a.step}
	for i, p := range a.params {
		s.ExpAvg = append(s.ExpAvg, statedict.Entry{Name: p.Name, Shape: slices.Clone(p.Shape), Data: a.moments[i].expAvg.Values()})
		s.ExpAvgSq = append(s.ExpAvgSq, statedict.Entry{Name: p.Name, Shape: slices.Clone(p.Shape), Data: a.moments[i].expAvgSq.Values()})
	}
	return s
}

// SetState continues from s. If its entries do not fit the parameters, nothing is
// changed and the error says which.
func (a *Adam) SetState(s AdamState) error {
	if s.Step < 0 {
		return fmt.Errorf("adam: step %d is negative", s.Step)
	}
	avg, sq := slices.Clone(a.params), slices.Clone(a.params)
	for i := range a.params {
		avg[i].Tensor, sq[i].Tensor = a.moments[i].expAvg, a.moments[i].expAvgSq
	}
	if m := s.ExpAvg.Compare(described(avg)); m != nil {
		return fmt.Errorf("adam: first moments: %w", m)
	}
	if err := LoadStateDict(sq, s.ExpAvgSq, true); err != nil {
		return fmt.Errorf("adam: second moments: %w", err)
	}
	write(avg, s.ExpAvg)
	a.step = s.Step
	return nil
}

// Free gives the memory of the moments back.
func (a *Adam) Free() {
	for _, m := range a.moments {
		m.expAvg.Free()
		m.expAvgSq.Free()
	}
	a.square.Free()
	a.sum.Free()
}
