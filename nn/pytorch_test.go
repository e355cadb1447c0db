package nn_test

import (
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
)

const networks = "testdata/networks"

// TestNetworksEqualPyTorch compares networks that PyTorch defined, made and ran with
// random weights; the folder's make.py says how.
func TestNetworksEqualPyTorch(t *testing.T) {
	for _, file := range []string{"pytorch-examples.pth", "pytorch-examples.model", "anti-aliased.pth", "anti-aliased-nearest.pth"} {
		t.Run(file, func(t *testing.T) {
			eachBackend(t, func(t *testing.T, be backend.Backend) {
				networkEqualsPyTorch(t, be, networks, file, [3]int{2, 3, 4}, 1)
			})
		})
	}
}

// TestWideNetworksEqualPyTorch has PyTorch make and run networks of a usual size.
func TestWideNetworksEqualPyTorch(t *testing.T) {
	python := need.Tool(t, "torchvision")
	dir := t.TempDir()
	for _, c := range []struct {
		list     string
		filters  [3]int
		families []string
	}{
		{"32,64,128", [3]int{32, 64, 128}, []string{"pytorch-examples"}},
		{"8,16,32", [3]int{8, 16, 32}, []string{"tutorial", "anti-aliased", "anti-aliased-nearest"}},
	} {
		args := append([]string{"-B", "-W", "ignore", filepath.Join(networks, "make.py"), dir, c.list, "5"}, c.families...)
		out, err := exec.Command(python, args...).CombinedOutput()
		require.NoError(t, err, string(out))
		for _, family := range c.families {
			for _, ext := range []string{".pth", ".model"} {
				be := tensor.CPU()
				networkEqualsPyTorch(t, be, dir, family+ext, c.filters, 5)
				require.NoError(t, be.Close())
			}
		}
	}
}

func networkEqualsPyTorch(t *testing.T, be backend.Backend, dir, file string, filters [3]int, blocks int) {
	d, err := weights.ReadFile(filepath.Join(dir, file))
	require.NoError(t, err)
	family := file[:len(file)-len(filepath.Ext(file))]
	golden, err := weights.ReadFile(filepath.Join(dir, family+".golden.pth"))
	require.NoError(t, err)
	net, err := nn.NewNetworkFrom(be, d)
	require.NoError(t, err)
	want, err := arch.New(family, filters, blocks)
	require.NoError(t, err)
	require.Equal(t, want, net.Arch())

	load := func(name string) *tensor.Tensor {
		e := golden.Lookup(name)
		return tensor.FromSlice(be, tensor.Shape(e.Shape), e.Data)
	}
	x := load("x").RequireGrad()
	tp := tensor.NewTape(be)
	y := net.Forward(tp, x)
	got := y.Values()
	requireClose(t, golden.Lookup("y"), got, 1e-4)

	// Half the squared distance from y-gy has the upstream gradient gy.
	target := make([]float32, len(got))
	for i, g := range golden.Lookup("gy").Data {
		target[i] = got[i] - g
	}
	tp.Backward(tp.MSE(y, tensor.FromSlice(be, y.Shape(), target), float32(y.Len())/2))
	requireClose(t, golden.Lookup("grad_x"), x.Grad(), 1e-3)
	compared := 0
	for _, p := range net.Params() {
		g := p.Tensor.Grad()
		if g == nil {
			continue // a bias that the normalization removes
		}
		compared++
		want := golden.Lookup("grad." + p.Name)
		if scale := largest(golden.Lookup("grad.in4.bias").Data); largest(want.Data) < 1e-4*scale {
			require.Less(t, largest(g), 1e-4*scale, p.Name) // truly zero
			continue
		}
		requireClose(t, want, g, 1e-3)
	}
	require.Equal(t, len(net.Params())-len(net.Layers())+1, compared)
	tp.Reset()

	net.Freeze()
	requireClose(t, golden.Lookup("y"), net.Forward(tp, x).Values(), 1e-4)
	tp.Reset()
	net.Free()
}

// requireClose wants the largest difference to be at most tolerance times the largest
// value.
func requireClose(t *testing.T, want *statedict.Entry, got []float32, tolerance float64) {
	t.Helper()
	require.Len(t, got, len(want.Data), want.Name)
	worst := 0.0
	for i, v := range want.Data {
		worst = max(worst, math.Abs(float64(got[i])-float64(v)))
	}
	require.LessOrEqual(t, worst, tolerance*largest(want.Data), want.Name)
}
