package onnxexport_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protowire"
)

// tinyFile returns a complete file of a few kilobytes.
func tinyFile(t testing.TB, o onnxexport.Options) []byte {
	t.Helper()
	m, err := onnxexport.Build(randomNet([3]int{1, 1, 2}, 1), o)
	require.NoError(t, err)
	return m.Marshal()
}

func TestTruncationAtEveryLength(t *testing.T) {
	for _, o := range []onnxexport.Options{{}, {Profile: onnxexport.Runtime}, {Compat: true}} {
		file := tinyFile(t, o)
		_, err := onnxexport.Unmarshal(file)
		require.NoError(t, err)
		for n := range file {
			_, err := onnxexport.Unmarshal(file[:n:n])
			require.ErrorIs(t, err, onnxexport.ErrCorrupt, "%d of %d bytes", n, len(file))
		}
	}
}

// TestEveryByteFlipped damages every byte in turn. The reader must not fail in any
// other way than with an error, and must not return other weights than were
// written.
func TestEveryByteFlipped(t *testing.T) {
	file := tinyFile(t, onnxexport.Options{})
	weights := weightsOf(t, file)
	damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) { requireSafe(t, damaged, weights) })
}

func TestRandomMutations(t *testing.T) {
	file := tinyFile(t, onnxexport.Options{})
	weights := weightsOf(t, file)
	damagetest.Mutations(file, func(damaged []byte) { requireSafe(t, damaged, weights) })
}

func weightsOf(t *testing.T, file []byte) statedict.Dict {
	t.Helper()
	m, err := onnxexport.Unmarshal(file)
	require.NoError(t, err)
	weights, err := m.StateDict()
	require.NoError(t, err)
	return weights
}

// unmarshalBounded reads a file within the memory bound.
func unmarshalBounded(t testing.TB, file []byte) (m *onnxexport.Model, err error) {
	t.Helper()
	damagetest.Bounded(t, len(file), func() { m, err = onnxexport.Unmarshal(file) })
	return m, err
}

// requireSafe reads damaged bytes: whatever comes out, weights are either the
// ones that were written or refused.
func requireSafe(t *testing.T, damaged []byte, weights statedict.Dict) {
	t.Helper()
	m, err := unmarshalBounded(t, damaged)
	if err != nil {
		return
	}
	_ = m.Check()
	if m.Property("weights_sha256") == "" || m.Property("value_range") != "0..255" {
		return // the damage hit the metadata's own keys
	}
	if d, err := m.StateDict(); err == nil {
		require.Equal(t, weights, d)
	}
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
		"tensor of 2^62":      field(5, huge),
		"overflowing product": field(5, overflow),
		"negative dimension":  field(5, negative),
	} {
		t.Run(name, func(t *testing.T) {
			file := append(field(7, graph), field(8, []byte{0x10, 9})...)
			_, err := unmarshalBounded(t, file)
			require.ErrorIs(t, err, onnxexport.ErrCorrupt)
			var corrupt *onnxexport.CorruptError
			require.True(t, errors.As(err, &corrupt))
			require.LessOrEqual(t, corrupt.Offset, len(file))
		})
	}
}

// TestReadFileIsBounded reads a file large enough for copies of it to show.
func TestReadFileIsBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.onnx")
	require.NoError(t, onnxexport.WriteFile(path, randomNet([3]int{64, 128, 256}, 8), onnxexport.Options{}))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Greater(t, info.Size(), int64(16<<20))
	damagetest.Bounded(t, int(info.Size()), func() { _, err = onnxexport.ReadFile(path) })
	require.NoError(t, err)
}

func TestFlippedWeightIsRefused(t *testing.T) {
	m, err := onnxexport.Build(smallNet(), onnxexport.Options{})
	require.NoError(t, err)
	m.Graph.Initializers[5].Raw[3] ^= 1
	_, err = onnxexport.Unmarshal(m.Marshal())
	require.ErrorIs(t, err, onnxexport.ErrCorrupt)
	require.ErrorContains(t, err, "checksum")
}

func TestStateDictRoundTrip(t *testing.T) {
	for _, blocks := range []int{1, 5, 100} {
		want := randomNet([3]int{3, 3, 5}, blocks)
		for _, o := range []onnxexport.Options{{}, {Profile: onnxexport.Runtime}, {Compat: true}} {
			path := filepath.Join(t.TempDir(), "net.onnx")
			require.NoError(t, onnxexport.WriteFile(path, want, o))
			m, err := onnxexport.ReadFile(path)
			require.NoError(t, err)
			got, err := m.StateDict()
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	}
}

func TestStateDictUndoesUnitRange(t *testing.T) {
	want := smallNet()
	m, err := onnxexport.Build(want, onnxexport.Options{UnitRange: true})
	require.NoError(t, err)
	got, err := m.StateDict()
	require.NoError(t, err)
	require.Equal(t, want.Names(), got.Names())
	for i, e := range want {
		require.InEpsilonSlice(t, e.Data, got[i].Data, 2e-7, e.Name)
	}
}

func TestStateDictListsAllDifferences(t *testing.T) {
	m, err := onnxexport.Build(smallNet(), onnxexport.Options{})
	require.NoError(t, err)
	for i := range m.Graph.Initializers {
		switch c := &m.Graph.Initializers[i]; c.Name {
		case "in1.bias":
			c.Name = "norm1.bias"
		case "in5.weight":
			c.Dims = []int64{2, 2}
		}
	}
	_, err = m.StateDict()
	var mismatch *statedict.Mismatch
	require.True(t, errors.As(err, &mismatch))
	require.Equal(t, []string{"in1.bias"}, mismatch.Missing)
	require.Equal(t, []string{"norm1.bias"}, mismatch.Extra)
	require.Equal(t, []string{"in5.weight: file has [2 2], network needs [4]"}, mismatch.Shapes)
}

func TestReadFileErrors(t *testing.T) {
	dir := t.TempDir()
	_, err := onnxexport.ReadFile(filepath.Join(dir, "missing.onnx"))
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = onnxexport.ReadFile(dir)
	require.ErrorContains(t, err, "not a regular file")
	for name, content := range map[string]string{
		"empty.onnx": "", "text.onnx": "hello, this is no model", "zeros.onnx": string(make([]byte, 1000)),
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := onnxexport.ReadFile(path)
		require.ErrorIs(t, err, onnxexport.ErrCorrupt)
		require.ErrorContains(t, err, name)
	}
}

// miniature returns a small model of the given operators, one after the other,
// that keeps the rules of its profile.
func miniature(t testing.TB, p onnxexport.Profile, ops ...string) *onnxexport.Model {
	t.Helper()
	m, err := onnxexport.Build(randomNet([3]int{3, 3, 3}, 1), onnxexport.Options{Profile: p, Width: 8, Height: 8})
	require.NoError(t, err)
	full := m.Graph
	m.Graph.Nodes, m.Graph.Initializers, m.Metadata = nil, nil, nil
	from := "input"
	for i, op := range ops {
		n := *find(&onnxexport.Model{Graph: full}, op)
		n.Name, n.Outputs = op, []string{op}
		n.Inputs = append([]string{from}, n.Inputs[1:]...)
		if op == "Add" {
			n.Inputs[1] = from
		}
		for _, c := range full.Initializers {
			if slices.Contains(n.Inputs, c.Name) {
				m.Graph.Initializers = append(m.Graph.Initializers, c)
			}
		}
		if from = op; i == len(ops)-1 {
			n.Outputs[0] = "output"
		}
		m.Graph.Nodes = append(m.Graph.Nodes, n)
	}
	require.NoError(t, m.Check())
	return m
}

// FuzzRead looks for bytes that make the reader, the checker or the
// interpreter panic, or that change when they are written and read again.
func FuzzRead(f *testing.F) {
	f.Add(miniature(f, onnxexport.Barracuda, "Relu").Marshal())
	f.Add(miniature(f, onnxexport.Barracuda, "InstanceNormalization", "Add").Marshal())
	f.Add(miniature(f, onnxexport.Runtime, "Add", "Relu").Marshal())
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := unmarshalBounded(t, data)
		if err != nil {
			return
		}
		_, _ = m.StateDict()
		_, _ = m.Evaluate(make([]float32, 3*16*16), 16, 16)
		if m.Check() != nil {
			return
		}
		again, err := onnxexport.Unmarshal(m.Marshal())
		require.NoError(t, err)
		require.NoError(t, again.Check())
	})
}
