package pth

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/statedict"
)

// expected returns what PyTorch sees in each fixture (testdata/make.py).
func expected(t *testing.T) map[string]statedict.Dict {
	text, err := os.ReadFile("testdata/expected.json")
	require.NoError(t, err)
	var files map[string][][3]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &files))
	dicts := map[string]statedict.Dict{}
	for file, tensors := range files {
		for _, tensor := range tensors {
			e := statedict.Entry{Shape: []int{}}
			var values []float64
			require.NoError(t, json.Unmarshal(tensor[0], &e.Name))
			require.NoError(t, json.Unmarshal(tensor[1], &e.Shape))
			require.NoError(t, json.Unmarshal(tensor[2], &values))
			e.Data = make([]float32, len(values))
			for i, v := range values {
				e.Data[i] = float32(v)
			}
			dicts[file] = append(dicts[file], e)
		}
	}
	return dicts
}

func TestReadFixtures(t *testing.T) {
	files := expected(t)
	require.Len(t, files, 32)
	for name, want := range files {
		got, err := ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err, name)
		requireEqual(t, want, got)
	}
}

// requireEqual compares bit by bit, so that -0 and 0 differ.
func requireEqual(t *testing.T, want, got statedict.Dict) {
	t.Helper()
	require.Equal(t, want.Names(), got.Names())
	for i, e := range want {
		require.Equal(t, e.Shape, got[i].Shape, e.Name)
		require.Len(t, got[i].Data, len(e.Data), e.Name)
		for k, v := range e.Data {
			if math.Float32bits(v) != math.Float32bits(got[i].Data[k]) {
				t.Fatalf("%s[%d] is %v instead of %v", e.Name, k, got[i].Data[k], v)
			}
		}
	}
}

func TestReadAuthors(t *testing.T) {
	author, err := ReadFile(need.Shared(t, "data/author/final.pth"))
	require.NoError(t, err)
	require.Equal(t, 108771, author.NumElements())
	sum := 0.0
	for _, e := range author {
		for _, v := range e.Data {
			sum += float64(v)
		}
	}
	require.InDelta(t, 209.655765917, sum, 1e-9) // PyTorch's
}

// TestReadSharedAgainstTorch compares every element of real files with PyTorch's.
func TestReadSharedAgainstTorch(t *testing.T) {
	var args []string
	for _, name := range []string{"data/author/final.pth", "data/vgg19-blocks1-3.pth"} {
		path := need.Shared(t, name)
		got, err := ReadFile(path)
		require.NoError(t, err)
		var raw bytes.Buffer
		for _, e := range got {
			raw.WriteString(e.Name)
			require.NoError(t, binary.Write(&raw, binary.LittleEndian, e.Data))
		}
		ours := filepath.Join(t.TempDir(), "raw")
		require.NoError(t, os.WriteFile(ours, raw.Bytes(), 0o600))
		args = append(args, path, ours)
	}
	need.Python(t, "torch", `
import sys, torch
for theirs, ours in zip(sys.argv[1::2], sys.argv[2::2]):
    d = torch.load(theirs, map_location="cpu")
    assert b"".join(k.encode() + v.numpy().tobytes() for k, v in d.items()) == open(ours, "rb").read()`, args...)
}

func TestFilter(t *testing.T) {
	for _, name := range []string{"zip.pth", "legacy.pth", "views.pth", "views_legacy.pth"} {
		path := filepath.Join("testdata", name)
		all, err := ReadFile(path)
		require.NoError(t, err)
		for _, want := range all {
			got, err := ReadFile(path, WithFilter(func(name string) bool { return name == want.Name }))
			require.NoError(t, err)
			requireEqual(t, statedict.Dict{want}, got)
		}
		none, err := ReadFile(path, WithFilter(func(string) bool { return false }))
		require.NoError(t, err)
		require.Empty(t, none)
	}
}

// legacyFile is a legacy container in the dialect of PyTorch 0.1 under Python 2,
// as torchvision's oldest files: byte strings, an OrderedDict made from a list of
// pairs, Parameters made by REDUCE and BUILD, _rebuild_tensor, long sizes, CUDA
// storages. The data of the storages follows the returned bytes.
func legacyFile(d statedict.Dict) []byte {
	p := pickler(legacyMagic)
	str := func(s string) {
		p.op(opShortBinString, byte(len(s)))
		p = append(p, s...)
	}
	long := func(n int) {
		p.op(opLong1, 8)
		p = binary.LittleEndian.AppendUint64(p, uint64(n))
	}
	p.op(opProto, 2, opBinInt2, 0xe9, 0x03, opStop)
	p.op(opProto, 2, opEmptyDict, opMark)
	str("little_endian")
	p.op(opNewTrue, opSetItems, opStop)

	p.op(opProto, 2)
	p.global("collections", "OrderedDict")
	p.op(opEmptyList, opMark)
	for i, e := range d {
		p.op(opEmptyList, opMark)
		str(e.Name)
		p.global("torch.nn.parameter", "Parameter")
		p.global("torch._utils", "_rebuild_tensor")
		p.op(opMark, opMark)
		str("storage")
		p.global("torch.cuda", "FloatStorage")
		str(strconv.Itoa(i))
		str("cuda:0")
		n := 1
		for _, dim := range e.Shape {
			n *= dim
		}
		long(n)
		p.op(opNone, opTuple, opBinPersID)
		p.int(0)
		p.ints(e.Shape)
		p.ints(contiguous(e.Shape))
		p.op(opTuple, opReduce, opTuple1, opReduce)
		p.op(opNewTrue, opNewFalse)
		p.global("collections", "OrderedDict")
		p.op(opEmptyTuple, opReduce, opTuple3, opBuild, opAppends)
	}
	p.op(opAppends, opTuple1, opReduce, opStop)

	p.op(opProto, 2, opEmptyList, opMark)
	for i := range d {
		str(strconv.Itoa(i))
	}
	p.op(opAppends, opStop)
	return p
}

func TestReadOldest(t *testing.T) {
	want := statedict.Dict{
		{Name: "a", Shape: []int{2, 3}, Data: []float32{1, 2, 3, 4, 5, 6}},
		{Name: "b", Shape: []int{2}, Data: []float32{7, 8}},
	}
	file := legacyFile(want)
	for _, e := range want {
		file = binary.LittleEndian.AppendUint64(file, uint64(len(e.Data)))
		for _, v := range e.Data {
			file = binary.LittleEndian.AppendUint32(file, math.Float32bits(v))
		}
	}
	got, err := Read(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	requireEqual(t, want, got)
}

// vggFile serves a legacy file of VGG-19's size without holding it: after the
// head, each storage is its length and then the float 1.
type vggFile struct {
	head    []byte
	lengths map[int64]int // offset of a storage: its elements
	size    int64
	read    int64
}

func (f *vggFile) ReadAt(p []byte, off int64) (int, error) {
	f.read += int64(len(p))
	var ones [4]byte
	binary.LittleEndian.PutUint32(ones[:], math.Float32bits(1))
	for i := range p {
		switch at := off + int64(i); {
		case at >= f.size:
			return i, io.EOF
		case at < int64(len(f.head)):
			p[i] = f.head[at]
		default:
			p[i] = ones[(at-int64(len(f.head)))%4]
		}
	}
	if n, ok := f.lengths[off]; ok && len(p) == 8 {
		binary.LittleEndian.PutUint64(p, uint64(n))
	}
	return len(p), nil
}

// TestFilterBoundsMemory reads two layers of a file of 574 MB.
func TestFilterBoundsMemory(t *testing.T) {
	d := statedict.Dict{
		{Name: "features.0.weight", Shape: []int{64, 3, 3, 3}},
		{Name: "classifier.0.weight", Shape: []int{4096, 25088}},
		{Name: "classifier.3.weight", Shape: []int{4096, 4096}},
		{Name: "features.2.weight", Shape: []int{64, 64, 3, 3}},
		{Name: "classifier.6.weight", Shape: []int{1000, 4096}},
		{Name: "rest", Shape: []int{20_000_000}},
	}
	f := &vggFile{head: legacyFile(d), lengths: map[int64]int{}}
	f.size = int64(len(f.head))
	for _, e := range d {
		n := 1
		for _, dim := range e.Shape {
			n *= dim
		}
		f.lengths[f.size] = n
		f.size += 8 + 4*int64(n)
	}
	require.Greater(t, f.size, int64(574_000_000))
	var got statedict.Dict
	var err error
	damagetest.Bounded(t, 0, func() {
		got, err = Read(f, f.size, WithFilter(func(name string) bool { return strings.HasPrefix(name, "features.") }))
	})
	require.NoError(t, err)
	require.Equal(t, []string{"features.0.weight", "features.2.weight"}, got.Names())
	require.Equal(t, 64*3*3*3+64*64*3*3, got.NumElements())
	for _, e := range got {
		for _, v := range e.Data {
			require.Equal(t, float32(1), v)
		}
	}
	require.Less(t, f.read, int64(1<<20), "bytes read")
}

func TestMaxBytes(t *testing.T) {
	_, err := ReadFile("testdata/zip.pth", WithMaxBytes(1000))
	require.ErrorIs(t, err, ErrTooLarge)
	_, err = ReadFile("testdata/zip.pth", WithMaxBytes(1<<20))
	require.NoError(t, err)
}

type failingDisk struct{ io.ReaderAt }

var errDisk = errors.New("disk on fire")

func (f failingDisk) ReadAt(p []byte, off int64) (int, error) {
	if off > 200 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, off)
}

// TestDiskError: a failing disk is not reported as a corrupt file.
func TestDiskError(t *testing.T) {
	for _, name := range []string{"zip.pth", "legacy.pth"} {
		file, err := os.ReadFile(filepath.Join("testdata", name))
		require.NoError(t, err)
		_, err = Read(failingDisk{bytes.NewReader(file)}, int64(len(file)))
		require.ErrorIs(t, err, errDisk, name)
		require.NotErrorIs(t, err, ErrCorrupt, name)
	}
}

func TestReadFileErrors(t *testing.T) {
	path := filepath.Join(t.TempDir(), "no.pth")
	_, err := ReadFile(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	for _, content := range []string{"", "P", "PK\x03\x04", legacyMagic, "hello, world, this is not a weights file"} {
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		_, err = ReadFile(path)
		require.ErrorIs(t, err, ErrCorrupt, "%q", content)
		require.ErrorContains(t, err, path)
	}
}
