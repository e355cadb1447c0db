package nn_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

// odd is a network unlike the known ones: ranges of its own, layers without
// normalization that add outputs, a kernel of one pixel, a wide blur, a factor of 3,
// and a last layer with all there is.
func odd() *arch.Network {
	return &arch.Network{
		Name: "odd", Input: arch.Range{Low: -1, High: 1}, Output: arch.Range{Low: 0.25, High: 1},
		Layers: []arch.Layer{
			{Name: "a", Conv: "a.c", In: 3, Out: 4, Kernel: 3, Stride: 3, Upsample: 1, Blur: 5, ReLU: true},
			{Name: "b", Conv: "b.c", In: 4, Out: 4, Kernel: 1, Stride: 1, Upsample: 1, ReLU: true, Plus: []arch.Term{{Layer: 0, Factor: -0.5}}},
			{Name: "c", Conv: "c.c", In: 4, Out: 4, Kernel: 3, Stride: 1, Upsample: 1, Norm: "c.n", Plus: []arch.Term{{Layer: 1, Factor: 2}, {Layer: 0, Factor: 3}, {Layer: 1, Factor: 1}}},
			{Name: "d", Conv: "d.c", In: 4, Out: 3, Kernel: 5, Stride: 1, Upsample: 3},
			{Name: "e", Conv: "e.c", In: 3, Out: 3, Kernel: 3, Stride: 1, Upsample: 1, Norm: "e.n", ReLU: true, Plus: []arch.Term{{Layer: 3, Factor: 1}}},
		},
	}
}

// run computes a network as its record says, in float64 and one step after the other.
func (o oracle) run(a *arch.Network, x image) image {
	mapped := func(x image, from, to arch.Range) image {
		y := newImage(x.c, x.h, x.w)
		for i, v := range x.v {
			y.v[i] = (v-float64(from.Low))/float64(from.High-from.Low)*float64(to.High-to.Low) + float64(to.Low)
		}
		return y
	}
	y := mapped(x, arch.Bytes, a.Input)
	var outs []image
	for _, l := range a.Layers {
		y = o.layer(l, y)
		for _, p := range l.Plus {
			scaled := newImage(y.c, y.h, y.w)
			for i, v := range outs[p.Layer].v {
				scaled.v[i] = float64(p.Factor) * v
			}
			y = add(y, scaled)
		}
		outs = append(outs, y)
	}
	return mapped(y, a.Output, arch.Bytes)
}

// layer does all but the sums: the blur apart from the convolution, at every pixel,
// and the stride at last.
func (o oracle) layer(l arch.Layer, x image) image {
	up := newImage(x.c, x.h*l.Upsample, x.w*l.Upsample)
	for c := range up.c {
		for i := range up.h {
			for j := range up.w {
				*up.at(c, i, j) = *x.at(c, i/l.Upsample, j/l.Upsample)
			}
		}
	}
	row, k := l.Binomial(), l.Kernel
	margin := len(row) / 2 // of results beyond the edges, for the blur
	y := newImage(l.Out, (up.h-1)/l.Stride+1, (up.w-1)/l.Stride+1)
	for c := range y.c {
		conv := func(i, j int) float64 {
			sum := o[l.Conv+".bias"][c]
			for ci := range up.c {
				for ki := range k {
					for kj := range k {
						sum += o[l.Conv+".weight"][((c*up.c+ci)*k+ki)*k+kj] * *up.at(ci, mirror(i+ki-k/2, up.h), mirror(j+kj-k/2, up.w))
					}
				}
			}
			return sum
		}
		for i := range y.h {
			for j := range y.w {
				for a, u := range row {
					for b, v := range row {
						*y.at(c, i, j) += u * v * conv(i*l.Stride+a-margin, j*l.Stride+b-margin)
					}
				}
			}
		}
	}
	if l.Norm != "" {
		y = o.norm(l.Norm, y)
	}
	if l.ReLU {
		y = relu(y)
	}
	return y
}

func TestAnyNetwork(t *testing.T) {
	networks := []*arch.Network{odd()}
	for _, family := range arch.Families() {
		a, err := arch.New(family, [3]int{3, 16, 5}, 2)
		require.NoError(t, err)
		networks = append(networks, a)
	}
	eachBackend(t, func(t *testing.T, be backend.Backend) {
		for _, a := range networks {
			require.NoError(t, a.Check())
			net := shakenNetwork(nn.NewNetwork(be, a, 3), 3)
			h, w := a.FitSize(9), a.FitSize(17)
			x := randomImage(rand.New(rand.NewPCG(1, 2)), 3*h*w)
			in := newImage(3, h, w)
			for i, v := range x {
				in.v[i] = float64(v)
			}
			var want []float32
			for _, v := range newOracle(net.StateDict()).run(a, in).v {
				want = append(want, float32(v))
			}
			for range 2 {
				tp := tensor.NewTape(be)
				y := net.Forward(tp, tensor.FromSlice(be, tensor.Shape{1, 3, h, w}, x)).Values()
				require.Less(t, relativeL2(t, want, y), 1e-5, a.Name)
				tp.Reset()
				net.Freeze()
			}
		}
	})
}

// TestSteadyAllocations: after the first time with a size, training and running any
// network leaves nothing to the garbage collector.
func TestSteadyAllocations(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	networks := []*arch.Network{odd()}
	for _, family := range arch.Families() {
		a, err := arch.New(family, [3]int{3, 16, 32}, 2)
		require.NoError(t, err)
		networks = append(networks, a)
	}
	for _, a := range networks {
		net := nn.NewNetwork(be, a, 1)
		adam := nn.NewAdam(be, net.Params(), 1e-3)
		x := tensor.New(be, tensor.Shape{1, 3, a.FitSize(9), a.FitSize(17)})
		be.Fill(x.Buffer(), 7)
		tp := tensor.NewTape(be)
		step := func() {
			adam.ZeroGrad()
			tp.Backward(tp.MSE(net.Forward(tp, x), x, 1))
			adam.Step()
			tp.Reset()
		}
		frame := func() {
			net.Forward(tp, x)
			tp.Reset()
		}
		allocations := func(work func()) float64 {
			work()
			least := testing.AllocsPerRun(3, work)
			for range 5 { // the runtime allocates now and then
				least = min(least, testing.AllocsPerRun(3, work))
			}
			return least
		}
		require.Zero(t, allocations(step), "step of %s", a.Name)
		net.Freeze()
		require.Zero(t, allocations(frame), "frame of %s", a.Name)
		net.Free()
	}
}
