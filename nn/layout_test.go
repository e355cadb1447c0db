package nn

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func TestLayoutIsThatOfTheNetwork(t *testing.T) {
	net := NewTransformerNet(reference.New(), [3]int{2, 3, 4}, 3, 0)
	want := layout([3]int{2, 3, 4}, 3)
	require.Len(t, net.Params(), len(want))
	for i, p := range net.Params() {
		require.Equal(t, want[i].Name, p.Name)
		require.Equal(t, want[i].Shape, p.Shape)
		require.Equal(t, product(p.Shape), p.Tensor.Len())
	}
}
