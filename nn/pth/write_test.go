package pth

import (
	"archive/zip"
	"bytes"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
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
		{Name: "a.größe 'x'\n", Shape: []int{3}, Data: []float32{float32(math.Inf(1)), math.MaxFloat32, math.SmallestNonzeroFloat32}},
		{Name: "scalar", Shape: []int{}, Data: []float32{float32(math.Copysign(0, -1))}},
		{Name: "empty", Shape: []int{0, 3}, Data: []float32{}},
	}
}

func write(t testing.TB, d statedict.Dict) []byte {
	var b bytes.Buffer
	require.NoError(t, Write(&b, d))
	return b.Bytes()
}

func TestWriteRoundTrip(t *testing.T) {
	file := write(t, sample())
	got, err := Read(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	requireEqual(t, sample(), got)
	require.Equal(t, file, write(t, got), "same dict, same bytes")

	got, err = Read(bytes.NewReader(write(t, nil)), int64(len(write(t, nil))))
	require.NoError(t, err)
	require.Empty(t, got)
}

// TestTorchReads: PyTorch loads our file safely, in order and bit for bit, we read
// what it writes of it in turn, in both containers, and a network takes our state
// dict strictly.
func TestTorchReads(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, WriteFile(filepath.Join(dir, "ours.pth"), sample()))
	net, err := ReadFile("testdata/zip.pth")
	require.NoError(t, err)
	require.NoError(t, WriteFile(filepath.Join(dir, "net.pth"), net))
	out := need.Python(t, "torch", `
import sys, os, torch, zipfile
from collections import OrderedDict
dir = sys.argv[1]
ours = os.path.join(dir, "ours.pth")
assert zipfile.ZipFile(ours).testzip() is None
safe = torch.load(ours, weights_only=True)
full = torch.load(ours)
assert type(safe) is OrderedDict and list(safe) == list(full)
for k in safe:
    assert safe[k].dtype == torch.float32 and safe[k].is_contiguous() and torch.equal(safe[k], full[k])
    print(repr(k), tuple(safe[k].shape))
torch.save(safe, os.path.join(dir, "zip.pth"))
torch.save(safe, os.path.join(dir, "legacy.pth"), _use_new_zipfile_serialization=False)

def run(path):
    net = torch.nn.Sequential(torch.nn.Conv2d(2, 3, 3), torch.nn.ReLU(), torch.nn.InstanceNorm2d(3, affine=True))
    net.load_state_dict(torch.load(path, weights_only=True), strict=True)
    return net(torch.linspace(-1, 1, 200).reshape(1, 2, 10, 10))
assert torch.equal(run(os.path.join(dir, "net.pth")), run("testdata/zip.pth"))
`, dir)
	require.Equal(t, "'z.weight' (7, 100, 100)\n\"a.größe 'x'\\n\" (3,)\n'scalar' ()\n'empty' (0, 3)\n", out)
	for _, name := range []string{"zip.pth", "legacy.pth"} {
		got, err := ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		requireEqual(t, sample(), got)
	}
}

// TestAlignment: the data of each record starts at a multiple of 64 bytes.
func TestAlignment(t *testing.T) {
	file := write(t, sample())
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Len(t, z.File, len(sample())+3)
	for _, f := range z.File {
		at, err := f.DataOffset()
		require.NoError(t, err)
		require.Zero(t, at%64, f.Name)
		require.Equal(t, zip.Store, f.Method)
	}
}

func TestWriteRefuses(t *testing.T) {
	one := []float32{1}
	for what, d := range map[string]statedict.Dict{
		"two tensors are called": {{Name: "a", Shape: []int{1}, Data: one}, {Name: "a", Shape: []int{1}, Data: one}},
		"has shape":              {{Name: "a", Shape: []int{2}, Data: one}},
		"has shape [-1 -1]":      {{Name: "a", Shape: []int{-1, -1}, Data: one}},
		"UTF-8":                  {{Name: "\xff", Shape: []int{1}, Data: one}},
	} {
		require.ErrorContains(t, Write(&bytes.Buffer{}, d), what)
	}
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
	d := sample()
	size := len(write(t, d))
	for left := 0; left < size; left += 1 + size/200 {
		require.ErrorIs(t, Write(&fullDisk{left}, d), errFull)
	}
	require.NoError(t, Write(&fullDisk{size}, d))
}

// TestWriteFileKeepsOld: a failed write leaves the old file and nothing else.
func TestWriteFileKeepsOld(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "w.pth")
	require.NoError(t, WriteFile(path, sample()))
	bad := append(sample(), statedict.Entry{Name: "bad", Shape: []int{5}})
	require.ErrorContains(t, WriteFile(path, bad), path)
	got, err := ReadFile(path)
	require.NoError(t, err)
	requireEqual(t, sample(), got)
	require.NoError(t, WriteFile(path, sample()[:1]))
	got, err = ReadFile(path)
	require.NoError(t, err)
	requireEqual(t, sample()[:1], got)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Error(t, WriteFile(filepath.Join(dir, strings.Repeat("no/", 3), "w.pth"), sample()))
}

// TestStreaming: reading costs little more than the tensors, writing little at all.
func TestStreaming(t *testing.T) {
	d := statedict.Dict{
		{Name: "a", Shape: []int{4 << 20}, Data: make([]float32, 4<<20)},
		{Name: "b", Shape: []int{1 << 20}, Data: make([]float32, 1<<20)},
	}
	path := filepath.Join(t.TempDir(), "w")
	var err error
	require.Less(t, damagetest.Allocated(func() { err = WriteFile(path, d) }), 1<<20)
	require.NoError(t, err)
	require.Less(t, damagetest.Allocated(func() { _, err = ReadFile(path) }), 20<<20+1<<20)
	require.NoError(t, err)
}
