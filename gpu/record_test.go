//go:build gl && cgo && (linux || windows)

package gpu_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/tensor"
)

// TestRecord records a network, frozen and not, and does it again and again in pieces
// between which the device works on other things: to the bit the same. The late device
// does all as late as it may be.
func TestRecord(t *testing.T) {
	for _, late := range []bool{false, true} {
		d := open(t)
		if late {
			gpu.Late(d)
		}
		for _, frozen := range []bool{false, true} {
			net := nn.NewNetwork(d, arch.Tutorial([3]int{4, 6, 8}, 1), 3)
			if frozen {
				net.Freeze()
			}
			x, other := tensor.New(d, tensor.Shape{1, 3, 36, 44}), tensor.New(d, tensor.Shape{1, 3, 36, 44})
			picture := func(k int) []float32 {
				v := make([]float32, x.Shape().Len())
				for i := range v {
					v[i] = float32(i * (7 + k) % 256)
				}
				return v
			}
			forward := func(in *tensor.Tensor) []float32 {
				tape := tensor.NewTape(d)
				defer tape.Reset()
				return net.Forward(tape, in).Values()
			}
			tape := tensor.NewTape(d)
			var out *tensor.Tensor
			recording, err := d.Record(func() { out = net.Forward(tape, x) })
			require.NoError(t, err)
			other.Write(picture(9))
			elsewhere := forward(other)
			allocations := 0
			for k := range 4 {
				x.Write(picture(k))
				want := forward(x)
				for i := range recording.Len() {
					n := recording.Groups(i)
					for first, piece := 0, max(1, n*(k+1)/5); first < n; first += piece {
						recording.Run(i, first, min(piece, n-first))
					}
					if i%9 == k {
						require.Equal(t, elsewhere, forward(other), "what the device does between")
					}
				}
				require.Equal(t, want, out.Values(), "late %v, frozen %v, run %d", late, frozen, k)
				if k == 1 {
					allocations = d.Stats().Allocations
				}
			}
			require.Equal(t, allocations, d.Stats().Allocations)
			tape.Reset()
			recording.Free()
			net.Free()
		}
		_, err := d.Record(func() {
			_, err := d.Record(func() {})
			require.Error(t, err)
		})
		require.NoError(t, err)
		require.NoError(t, d.Sync())
	}
}
