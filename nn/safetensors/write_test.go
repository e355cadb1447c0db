package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/statedict"
)

// sample has odd names, shapes and values.
func sample() statedict.Dict {
	big := make([]float32, 70_000) // more than one chunk
	for i := range big {
		big[i] = float32(math.Sin(float64(i)))
	}
	return statedict.Dict{
		{Name: "z.weight", Shape: []int{7, 100, 100}, Data: big},
		{Name: "empty", Shape: []int{0, 3}, Data: []float32{}},
		{Name: "a <größe> 'x'\n", Shape: []int{3}, Data: []float32{float32(math.Inf(1)), math.MaxFloat32, math.SmallestNonzeroFloat32}},
		{Name: "scalar", Shape: []int{}, Data: []float32{-2.5}},
		{Name: "nothing", Shape: []int{0}, Data: []float32{}},
	}
}

func write(t testing.TB, d statedict.Dict, metadata map[string]string) []byte {
	var b bytes.Buffer
	require.NoError(t, Write(&b, d, metadata))
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	metadata := map[string]string{"b": "2", "a": "1", "style": "<stained \"glass\">"}
	file := write(t, sample(), metadata)
	require.Zero(t, (8+binary.LittleEndian.Uint64(file))%8, "data is aligned")
	got, gotMetadata, err := read(file, RequireChecksum())
	require.NoError(t, err)
	require.Equal(t, sample(), got)
	require.Equal(t, metadata, gotMetadata)
	require.Equal(t, file, write(t, got, gotMetadata), "same dict, same bytes")

	for _, d := range []statedict.Dict{nil, sample()[1:2]} {
		got, _, err = read(write(t, d, nil), RequireChecksum())
		require.NoError(t, err)
		require.Equal(t, d, got)
	}
	_, _, err = read(fixture(t), RequireChecksum())
	require.ErrorIs(t, err, ErrCorrupt)
}

// TestPythonReads parses our file after the format's description, in Python, and
// computes the checksums after the package comment.
func TestPythonReads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ours.safetensors")
	require.NoError(t, WriteFile(path, sample(), map[string]string{"k": "v"}))
	out := need.Python(t, "torch", `
import hashlib, json, struct, sys, torch
raw = open(sys.argv[1], "rb").read()
n, = struct.unpack("<Q", raw[:8])
header, data = json.loads(raw[8:8 + n]), raw[8 + n:]
metadata, at, sums = header.pop("__metadata__"), 0, []
for name, e in header.items():
    begin, end = e["data_offsets"]
    assert begin == at and e["dtype"] == "F32"
    at = end
    part = data[begin:end]
    t = torch.frombuffer(bytearray(part), dtype=torch.float32) if part else torch.zeros(0)
    t = t.reshape(e["shape"])
    shape = json.dumps(e["shape"], separators=(",", ":"))
    sums.append(hashlib.sha256("\0".join([name, e["dtype"], shape, ""]).encode() + part).hexdigest())
    print(repr(name), tuple(t.shape), t.double().sum().item() if name == "scalar" else "")
assert at == len(data)
assert metadata == {"k": "v", "impasto.sha256": " ".join(sums)}, (metadata, sums)
`, path)
	require.Equal(t, "'z.weight' (7, 100, 100) \n'empty' (0, 3) \n\"a <größe> 'x'\\n\" (3,) \n'scalar' () -2.5\n'nothing' (0,) \n", out)
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	for what, d := range map[string]statedict.Dict{
		"two tensors are called": {{Name: "a", Shape: []int{1}, Data: one}, {Name: "a", Shape: []int{1}, Data: one}},
		"has shape":              {{Name: "a", Shape: []int{2}, Data: one}},
		"UTF-8":                  {{Name: "\xff", Shape: []int{1}, Data: one}},
		"reserved":               {{Name: "__metadata__", Shape: []int{1}, Data: one}},
	} {
		require.ErrorContains(t, Write(&bytes.Buffer{}, d, nil), what)
	}
	require.ErrorContains(t, Write(&bytes.Buffer{}, nil, map[string]string{checksumKey: ""}), "reserved")
	require.ErrorContains(t, Write(&bytes.Buffer{}, nil, map[string]string{"a": "\xff"}), "UTF-8")
}

// fullDisk accepts left bytes.
type fullDisk struct{ left int }

var errFull = errors.New("no space left on device")

func (f *fullDisk) Write(p []byte) (int, error) {
	n := min(f.left, len(p))
	f.left -= n
	if n < len(p) {
		return n, errFull
	}
	return n, nil
}

// TestDiskFull: wherever the disk is full, Write says so.
func TestDiskFull(t *testing.T) {
	size := len(write(t, sample(), nil))
	for left := 0; left < size; left += 1 + size/200 {
		require.ErrorIs(t, Write(&fullDisk{left}, sample(), nil), errFull)
	}
	require.NoError(t, Write(&fullDisk{size}, sample(), nil))
}

// TestWriteFileKeepsOld: a failed write leaves the old file and nothing else.
func TestWriteFileKeepsOld(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.safetensors")
	require.NoError(t, WriteFile(path, sample(), nil))
	require.ErrorContains(t, WriteFile(path, sample(), map[string]string{"\xff": ""}), path)
	got, _, err := ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, sample(), got)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
}

// TestStreaming: reading costs little more than the tensors, writing little at all.
func TestStreaming(t *testing.T) {
	d := statedict.Dict{
		{Name: "a", Shape: []int{4 << 20}, Data: make([]float32, 4<<20)},
		{Name: "b", Shape: []int{1 << 20}, Data: make([]float32, 1<<20)},
	}
	path := filepath.Join(t.TempDir(), "w")
	var err error
	require.Less(t, damagetest.Allocated(func() { err = WriteFile(path, d, nil) }), 1<<20)
	require.NoError(t, err)
	require.Less(t, damagetest.Allocated(func() { _, _, err = ReadFile(path) }), 20<<20+1<<20)
	require.NoError(t, err)
}

// TestHalf reads what is written in half precision: numbers of that precision exactly,
// others rounded, in half the bytes.
func TestHalf(t *testing.T) {
	exact := statedict.Dict{{Name: "a", Shape: []int{2, 2}, Data: []float32{0, -1.5, 65504, 0x1p-24}}, {Name: "empty", Shape: []int{0}, Data: []float32{}}}
	var file bytes.Buffer
	require.NoError(t, WriteHalf(&file, exact, map[string]string{"k": "v"}))
	got, metadata, err := read(file.Bytes(), RequireChecksum())
	require.NoError(t, err)
	require.Equal(t, exact, got)
	require.Equal(t, map[string]string{"k": "v"}, metadata)

	path := filepath.Join(t.TempDir(), "half.safetensors")
	require.NoError(t, WriteHalfFile(path, sample()[:1], nil))
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, info.Size(), int64(2*70_000+1000))
	got, _, err = ReadFile(path, RequireChecksum())
	require.NoError(t, err)
	for i, want := range sample()[0].Data {
		require.InDelta(t, want, got[0].Data[i], max(0x1p-25, 0x1p-11*math.Abs(float64(want))))
	}
}
