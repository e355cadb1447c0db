package onnxexport_test

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
)

// TestCompatReproducesAuthorsFile exports the weights of the tutorial's author
// again: the result must be his file, first node by node so that a failure says
// where, then in every byte.
func TestCompatReproducesAuthorsFile(t *testing.T) {
	path := need.Shared(t, "data/author/final.onnx")
	author, err := onnx.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, onnxexport.Check(author, onnxexport.Barracuda))
	require.Len(t, author.Graph.Nodes, 72)
	network, err := author.Network()
	require.NoError(t, err)
	weights := network.Weights
	require.Len(t, weights, 62)
	require.Equal(t, arch.Bytes, network.Input, "nothing but its weights tells")

	ours, err := onnxexport.Build(weights, onnxexport.Options{Compat: true})
	require.NoError(t, err)
	require.Len(t, ours.Graph.Nodes, 72)
	for i := range author.Graph.Nodes {
		require.Equal(t, author.Graph.Nodes[i], ours.Graph.Nodes[i])
	}
	for i := range author.Graph.Initializers {
		require.Equal(t, author.Graph.Initializers[i], ours.Graph.Initializers[i])
	}
	require.Equal(t, author, ours)

	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, string(want) == string(ours.Marshal()), "same content, other bytes")
}

// TestAuthorsNetworkOnGoldenFrame compares the interpreter with PyTorch's
// output of the author's network, for his file and for both profiles.
func TestAuthorsNetworkOnGoldenFrame(t *testing.T) {
	golden := readSafetensors(t, need.Shared(t, "golden/transformer_author.safetensors"))
	author, err := onnx.ReadFile(need.Shared(t, "data/author/final.onnx"))
	require.NoError(t, err)
	x, want := golden["x"], golden["y"]
	h, w := x.Shape[2], x.Shape[3]

	y, err := author.Evaluate(x.data, h, w)
	require.NoError(t, err)
	mean, worst := meanAndMax(t, want.data, y)
	t.Logf("author's file: mean %.2g, max %.2g", mean, worst)
	require.Less(t, mean, 1e-3)
	require.Less(t, worst, 2e-2)

	network, err := author.Network()
	require.NoError(t, err)
	for _, o := range []onnxexport.Options{{Bytes: true}, {Profile: onnxexport.ONNXRuntime, Bytes: true}} {
		m := build(t, network.Weights, o)
		again, err := m.Evaluate(x.data, h, w)
		require.NoError(t, err)
		require.Equal(t, y, again, "%v", o.Profile)
	}
}

type array struct {
	Shape   []int
	Offsets [2]int `json:"data_offsets"`
	data    []float32
}

// readSafetensors reads the float32 tensors of a safetensors file that is
// known to be good.
func readSafetensors(t *testing.T, path string) map[string]*array {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	n := binary.LittleEndian.Uint64(b)
	var raw map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(b[8:8+n], &raw))
	delete(raw, "__metadata__")
	arrays := map[string]*array{}
	for name, text := range raw {
		a := &array{}
		require.NoError(t, json.Unmarshal(text, a))
		bytes := b[8+n:][a.Offsets[0]:a.Offsets[1]]
		for i := 0; i < len(bytes); i += 4 {
			a.data = append(a.data, math.Float32frombits(binary.LittleEndian.Uint32(bytes[i:])))
		}
		arrays[name] = a
	}
	return arrays
}
