package onnx_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// message holds the fields of a protobuf message by number, in order: uint64
// for integers, uint32 for floats, []byte for all else.
type message map[protowire.Number][]any

// parse takes a message apart with Google's implementation of the wire format.
func parse(t *testing.T, b []byte) message {
	t.Helper()
	m := message{}
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		require.NoError(t, protowire.ParseError(n))
		b = b[n:]
		var v any
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			v, n = protowire.ConsumeFixed32(b)
		case protowire.BytesType:
			v, n = protowire.ConsumeBytes(b)
		default:
			t.Fatalf("wire type %d", kind)
		}
		require.NoError(t, protowire.ParseError(n))
		b = b[n:]
		m[number] = append(m[number], v)
	}
	return m
}

func (m message) text(n protowire.Number) string { return string(m[n][0].([]byte)) }

func (m message) texts(n protowire.Number) (list []string) {
	for _, v := range m[n] {
		list = append(list, string(v.([]byte)))
	}
	return list
}

func (m message) integers(n protowire.Number) (list []int64) {
	for _, v := range m[n] {
		list = append(list, int64(v.(uint64)))
	}
	return list
}

func (m message) messages(t *testing.T, n protowire.Number) (list []message) {
	for _, v := range m[n] {
		list = append(list, parse(t, v.([]byte)))
	}
	return list
}

// TestWireFormat reads exported bytes with protowire, by the field numbers of
// onnx.proto, and compares every part with the model and the weights.
func TestWireFormat(t *testing.T) {
	weights := trained(tiny())
	for _, o := range []onnxexport.Options{
		{Width: 64, Height: 48, Style: "glass", Bytes: true}, {Profile: onnxexport.ONNXRuntime, Bytes: true}, {Compat: true, Width: 64, Height: 48},
	} {
		model := build(t, weights, o)
		m := parse(t, model.Marshal())
		require.Equal(t, []int64{model.IRVersion}, m.integers(1))
		require.Equal(t, model.Producer, m.text(2))
		require.Len(t, m[8], 1)
		require.Equal(t, message{2: {uint64(model.Opsets[0].Version)}}, m.messages(t, 8)[0], "no domain but the default one")
		require.Len(t, m[14], len(model.Metadata))
		for i, p := range m.messages(t, 14) {
			require.Equal(t, model.Metadata[i], onnx.Property{Key: p.text(1), Value: p.text(2)})
		}

		require.Len(t, m[7], 1)
		g := m.messages(t, 7)[0]
		require.Equal(t, model.Graph.Name, g.text(2))
		require.Len(t, g[13], len(model.Graph.Values))
		nodes := g.messages(t, 1)
		require.Len(t, nodes, len(model.Graph.Nodes))
		for i, n := range nodes {
			want := model.Graph.Nodes[i]
			require.Equal(t, want.Inputs, n.texts(1))
			require.Equal(t, want.Outputs, n.texts(2))
			require.Equal(t, []string{want.Name, want.Op}, []string{n.text(3), n.text(4)})
			require.Len(t, n[5], len(want.Attributes))
			for j, a := range n.messages(t, 5) {
				requireAttribute(t, want.Attributes[j], a)
			}
		}
		initializers := g.messages(t, 5)
		constants := map[string]message{}
		for _, c := range initializers {
			constants[c.text(8)] = c
		}
		require.Len(t, constants, len(model.Graph.Initializers))
		for _, e := range weights {
			c := constants[e.Name]
			dims := make([]int64, len(e.Shape))
			for i, n := range e.Shape {
				dims[i] = int64(n)
			}
			require.Equal(t, dims, c.integers(1))
			require.Equal(t, []int64{1}, c.integers(2))
			raw := make([]byte, 4*len(e.Data))
			for i, v := range e.Data {
				binary.LittleEndian.PutUint32(raw[4*i:], math.Float32bits(v))
			}
			require.Equal(t, []any{raw}, c[9])
		}
		requireFrame(t, model.Graph.Inputs[0], g.messages(t, 11))
		requireFrame(t, model.Graph.Outputs[0], g.messages(t, 12))
	}
}

func requireAttribute(t *testing.T, want onnx.Attribute, a message) {
	t.Helper()
	require.Equal(t, want.Name, a.text(1))
	require.Equal(t, []int64{int64(want.Type)}, a.integers(20))
	require.Len(t, a, 3, "name, type and one value")
	switch want.Type {
	case onnx.AttributeFloat:
		require.Equal(t, []any{math.Float32bits(want.Float)}, a[2])
	case onnx.AttributeInt:
		require.Equal(t, []int64{want.Int}, a.integers(3))
	case onnx.AttributeString:
		require.Equal(t, want.String, a.text(4))
	case onnx.AttributeInts:
		require.Equal(t, want.Ints, a.integers(8))
	}
}

func requireFrame(t *testing.T, want onnx.ValueInfo, list []message) {
	t.Helper()
	require.Len(t, list, 1)
	require.Equal(t, want.Name, list[0].text(1))
	tensor := list[0].messages(t, 2)[0].messages(t, 1)[0]
	require.Equal(t, []int64{1}, tensor.integers(1))
	dims := tensor.messages(t, 2)[0].messages(t, 1)
	require.Len(t, dims, 4)
	for i, d := range dims {
		if want.Dims[i].Param != "" {
			require.Equal(t, message{2: {[]byte(want.Dims[i].Param)}}, d)
		} else {
			require.Equal(t, message{1: {uint64(want.Dims[i].Value)}}, d)
		}
	}
}

// TestReadsPackedAndTypedFields feeds the reader encodings that this package
// does not write but others do: packed integers, float_data instead of
// raw_data, and fields that it does not know.
func TestReadsPackedAndTypedFields(t *testing.T) {
	field := func(b []byte, n protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(b, n, protowire.BytesType), content)
	}
	number := func(b []byte, n protowire.Number, v uint64) []byte {
		return protowire.AppendVarint(protowire.AppendTag(b, n, protowire.VarintType), v)
	}
	floats := protowire.AppendFixed32(protowire.AppendFixed32(nil, math.Float32bits(1.5)), math.Float32bits(-2))
	packed := number(field(field(field(nil, 8, []byte("packed")), 1, []byte{1, 2}), 4, floats), 2, 1)
	single := number(number(field(nil, 8, []byte("single")), 1, 1), 2, 1)
	single = protowire.AppendFixed32(protowire.AppendTag(single, 4, protowire.Fixed32Type), math.Float32bits(7))
	ints := number(field(field(field(nil, 8, []byte("ints")), 1, []byte{2}), 7, []byte{3, 4}), 2, 7)
	unknown := protowire.AppendFixed64(protowire.AppendTag(nil, 1000, protowire.Fixed64Type), 1)
	attribute := number(field(field(nil, 1, []byte("pads")), 8, []byte{0, 0x96, 1}), 20, 7)
	graph := field(nil, 1, append(field(nil, 5, attribute), unknown...))
	graph = field(field(field(graph, 5, packed), 5, single), 5, ints)
	file := field(field(append(unknown, field(nil, 77, []byte("?"))...), 7, graph), 8, number(nil, 2, 9))

	m, err := onnx.Unmarshal(file)
	require.NoError(t, err)
	require.Equal(t, []onnx.Opset{{Version: 9}}, m.Opsets)
	require.Equal(t, []int64{0, 150}, m.Graph.Nodes[0].Attributes[0].Ints)
	require.Len(t, m.Graph.Initializers, 3)
	for i, want := range [][]float32{{1.5, -2}, {7}} {
		got, err := m.Graph.Initializers[i].Floats()
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	got, err := m.Graph.Initializers[2].Integers()
	require.NoError(t, err)
	require.Equal(t, []int64{3, 4}, got)
}
