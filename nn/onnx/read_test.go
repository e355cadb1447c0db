package onnx_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/onnxexport"
)

// tinyFile returns a complete file of a few kilobytes.
func tinyFile(t testing.TB, o onnxexport.Options) []byte {
	t.Helper()
	return build(t, trained(tiny()), o).Marshal()
}

func TestTruncationAtEveryLength(t *testing.T) {
	for _, o := range []onnxexport.Options{{}, {Profile: onnxexport.ONNXRuntime, AnySize: true}, {Compat: true}} {
		file := tinyFile(t, o)
		_, err := onnx.Unmarshal(file)
		require.NoError(t, err)
		for n := range file {
			_, err := onnx.Unmarshal(file[:n:n])
			require.ErrorIs(t, err, onnx.ErrCorrupt, "%d of %d bytes", n, len(file))
			require.ErrorIs(t, err, weights.ErrCorrupt)
		}
	}
}

// TestEveryByteFlipped damages every byte in turn. The reader must not fail in any
// other way than with an error, and must not return other weights than were
// written without saying so.
func TestEveryByteFlipped(t *testing.T) {
	file := tinyFile(t, onnxexport.Options{Bytes: true})
	want := trained(tiny())
	damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) { requireSafe(t, damaged, want) })
}

func TestRandomMutations(t *testing.T) {
	file := tinyFile(t, onnxexport.Options{Bytes: true})
	want := trained(tiny())
	damagetest.Mutations(file, func(damaged []byte) { requireSafe(t, damaged, want) })
}

// networkBounded reads a file within the memory bound.
func networkBounded(t testing.TB, file []byte) (m *onnx.Model, n *onnx.Network, err error) {
	t.Helper()
	damagetest.Bounded(t, len(file), func() {
		if m, err = onnx.Unmarshal(file); err == nil {
			n, err = m.Network()
		}
	})
	return m, n, err
}

// requireSafe reads damaged bytes: whatever comes out, weights are either the ones
// that were written, or refused, or come with a note, unless the damage hit the
// very key of the checksum. What is not a weight (an epsilon, the names of two
// inputs exchanged) is part of what the graph says.
func requireSafe(t *testing.T, damaged []byte, want statedict.Dict) {
	t.Helper()
	m, n, err := networkBounded(t, damaged)
	if err != nil || len(n.Notes) > 0 || m.Property(onnx.KeyChecksum) == "" || m.Property(onnx.KeyRange) != onnx.ByteRange {
		return
	}
	original := build(t, want, onnxexport.Options{Bytes: true})
	for i := range m.Graph.Nodes {
		a, b := &m.Graph.Nodes[i], &original.Graph.Nodes[i]
		if !slices.Equal(a.Inputs, b.Inputs) || a.Op == "InstanceNormalization" && a.Attribute("epsilon") != nil && a.Attribute("epsilon").Float != b.Attribute("epsilon").Float {
			return
		}
	}
	require.Equal(t, want, n.Weights)
}

// TestMemoryIsBounded reads files whose lengths and counts promise far more
// than they hold.
func TestMemoryIsBounded(t *testing.T) {
	field := func(n protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), content)
	}
	var emptyNodes []byte
	for range 1 << 20 {
		emptyNodes = append(emptyNodes, field(1, nil)...)
	}
	huge := protowire.AppendVarint(protowire.AppendTag(nil, 9, protowire.BytesType), 1<<62)
	overflow := field(1, []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x40})
	overflow = append(overflow, 0x10, 1)
	negative := append(field(1, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}), 0x10, 1)
	for name, graph := range map[string][]byte{
		"2^20 empty nodes":    emptyNodes,
		"2^21 dimensions":     field(5, field(1, make([]byte, 1<<21))),
		"2^21 integers":       field(5, append([]byte{0x10, 7}, field(7, make([]byte, 1<<21))...)),
		"2^21 floats":         field(1, field(5, field(7, make([]byte, 1<<21)))),
		"tensor of 2^62":      field(5, huge),
		"overflowing product": field(5, overflow),
		"negative dimension":  field(5, negative),
	} {
		t.Run(name, func(t *testing.T) {
			file := append(field(7, graph), field(8, []byte{0x10, 9})...)
			_, _, err := networkBounded(t, file)
			require.ErrorIs(t, err, onnx.ErrCorrupt)
			var corrupt *onnx.CorruptError
			require.True(t, errors.As(err, &corrupt))
			require.LessOrEqual(t, corrupt.Offset, len(file))
		})
	}
}

// TestReadFileIsBounded reads a file large enough for copies of it to show.
func TestReadFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.onnx")
	require.NoError(t, onnxexport.WriteFile(path, trained(arch.Tutorial([3]int{64, 128, 256}, 8)), onnxexport.Options{}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(16<<20))
	damagetest.Bounded(t, int(info.Size()), func() { _, err = onnx.ReadFile(path) })
	require.NoError(t, err)
}

func TestReadFileErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := onnx.ReadFile(filepath.Join(dir, "missing.onnx"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = onnx.ReadFile(dir)
	require.ErrorContains(t, err, "not a regular file")
	for name, content := range map[string]string{
		"empty.onnx": "", "text.onnx": "hello, this is no model", "zeros.onnx": string(make([]byte, 1000)),
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := onnx.ReadFile(path)
		require.ErrorIs(t, err, onnx.ErrCorrupt)
		require.ErrorContains(t, err, name)
	}
}

// TestWhatCannotBeReadIsNamed feeds parts of the format that need more than the
// file, or more than these networks have.
func TestWhatCannotBeReadIsNamed(t *testing.T) {
	field := func(n protowire.Number, content []byte) []byte {
		return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), content)
	}
	opset := field(8, []byte{0x10, 9})
	for want, file := range map[string][]byte{
		"external data file":    append(field(7, field(5, []byte{0x70, 1})), opset...),
		"functions of its own":  append(field(25, nil), opset...),
		"sparse weights":        append(field(7, field(15, nil)), opset...),
		"operator set 30":       append(field(7, nil), field(8, []byte{0x10, 30})...),
		"0 inputs and 0 output": append(field(7, nil), opset...),
	} {
		_, _, err := networkBounded(t, file)
		require.ErrorContains(t, err, want)
	}
}

// miniature returns a small model of the given operators of a network, one after
// the other.
func miniature(t testing.TB, p onnxexport.Profile, ops ...string) *onnx.Model {
	t.Helper()
	o := onnxexport.Options{Profile: p}
	if p == onnxexport.Barracuda {
		o.Width, o.Height = 8, 8
	}
	m := build(t, trained(arch.Tutorial([3]int{3, 3, 3}, 1)), o)
	full := m.Graph
	m.Graph.Nodes, m.Graph.Initializers, m.Graph.Values, m.Metadata = nil, nil, nil, nil
	from := "input"
	for i, op := range ops {
		n := *find(&onnx.Model{Graph: full}, op)
		n.Name, n.Outputs = op, []string{op}
		n.Inputs = append([]string{from}, n.Inputs[1:]...)
		if op == "Add" {
			n.Inputs[1] = from
		}
		for _, c := range full.Initializers {
			for _, name := range n.Inputs {
				if c.Name == name {
					m.Graph.Initializers = append(m.Graph.Initializers, c)
				}
			}
		}
		if from = op; i == len(ops)-1 {
			n.Outputs[0] = "output"
		}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
	}
	return m
}

// TestCraftedGraphIsBounded evaluates a graph that doubles its frame again and again.
func TestCraftedGraphIsBounded(t *testing.T) {
	m := miniature(t, onnxexport.ONNXRuntime, "Resize")
	double := m.Graph.Nodes[0]
	m.Graph.Nodes = nil
	from := "input"
	for _, name := range []string{"a", "b", "c", "output"} {
		n := double
		n.Inputs, n.Outputs = []string{from, "", double.Inputs[2]}, []string{name}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
		from = name
	}
	_, err := m.Evaluate(make([]float32, 3*64*64), 64, 64)
	require.ErrorContains(t, err, "too large")
}

// FuzzRead looks for bytes that make the reader, the interpreter or the search for
// a network panic or take too much memory, or that change when they are written
// and read again.
func FuzzRead(f *testing.F) {
	f.Add(miniature(f, onnxexport.Barracuda, "Relu").Marshal())
	f.Add(miniature(f, onnxexport.Barracuda, "InstanceNormalization", "Add").Marshal())
	f.Add(miniature(f, onnxexport.ONNXRuntime, "Add", "Relu").Marshal())
	f.Add(miniature(f, onnxexport.ONNXRuntime, "Pad", "Resize").Marshal())
	f.Add(tinyFile(f, onnxexport.Options{Profile: onnxexport.ONNXRuntime, AnySize: true, Precision: onnxexport.HalfValues}))
	f.Add(tinyFile(f, onnxexport.Options{Profile: onnxexport.Static, Precision: onnxexport.HalfWeights}))
	f.Add(constants())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, n, err := networkBounded(t, data)
		if m == nil {
			return
		}
		_, _ = m.Evaluate(make([]float32, 3*16*16), 16, 16)
		if err != nil {
			return
		}
		again := reread(t, m)
		other, err := again.Network()
		require.NoError(t, err)
		require.Equal(t, n.Weights, other.Weights)
	})
}

// constants returns a file whose nodes compute constants in every way that is known.
func constants() []byte {
	m := &onnx.Model{IRVersion: 8, Opsets: []onnx.Opset{{Version: 15}}}
	g := &m.Graph
	g.Inputs = []onnx.ValueInfo{{Name: "x", DataType: onnx.Float32, Dims: []onnx.Dim{{Value: 1}, {Value: 3}, {Param: "h"}, {Param: "w"}}}}
	g.Outputs = []onnx.ValueInfo{{Name: "y", DataType: onnx.Float32}}
	g.Initializers = []onnx.Tensor{
		onnx.IntegerTensor("zero", 0), onnx.IntegerTensor("two", 2), onnx.IntegerTensor("square", 2, -1),
		onnx.FloatTensor("half", []int64{1}, []float32{0.5}),
	}
	node := func(op, out string, in ...string) *onnx.Node {
		g.Nodes = append(g.Nodes, onnx.Node{Op: op, Inputs: in, Outputs: []string{out}})
		return &g.Nodes[len(g.Nodes)-1]
	}
	ints := func(n *onnx.Node, name string, v ...int64) {
		n.Attributes = append(n.Attributes, onnx.Attribute{Name: name, Type: onnx.AttributeInts, Ints: v})
	}
	integer := func(n *onnx.Node, name string, v int64) {
		n.Attributes = append(n.Attributes, onnx.Attribute{Name: name, Type: onnx.AttributeInt, Int: v})
	}
	node("Shape", "shape", "x")
	node("Gather", "h", "shape", "two")
	integer(node("Concat", "vector", "h", "two", "zero"), "axis", 0)
	node("ConstantOfShape", "zeros", "two")
	node("Slice", "slice", "shape", "two", "zero", "zero", "zero")
	node("Reshape", "matrix", "shape", "square")
	ints(node("Transpose", "turned", "matrix"), "perm", 1, 0)
	node("Unsqueeze", "deep", "shape", "zero")
	node("Squeeze", "flat", "deep", "zero")
	node("Neg", "minus", "flat")
	node("Mod", "rest", "minus", "two")
	integer(node("Cast", "real", "rest"), "to", 1)
	node("Mul", "scaled", "real", "half")
	node("Floor", "floor", "scaled")
	node("Add", "y", "x", "half")
	return m.Marshal()
}
