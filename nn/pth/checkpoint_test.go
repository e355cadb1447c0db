package pth

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
)

// TestNoStateDict: a file without one is refused in a sentence that says what it
// holds instead, and what to do.
func TestNoStateDict(t *testing.T) {
	for name, want := range map[string][]string{
		"bad_optimizer.pth": {"the state of an optimizer", "name the file of the network"},
		"bad_two.pth":       {"2 state dicts, at a, b", "torch.save"},
		"bad_list.pth":      {"a list of 1 tensors without names"},
		"bad_sparse.pth":    {`"conv.weight" is sparse`, "to_dense"},
		"bad_complex.pth":   {`"conv.weight" is of complex`},
		"bad_module.pth":    {"ReLU", "save these alone", "state_dict()"},
		"bad_script.pth":    {"TorchScript", "state_dict()"},
		"bad_pickle.pth":    {"a plain pickle"},
	} {
		_, err := ReadFile(filepath.Join("testdata", name))
		require.True(t, refused(t, err), name)
		for _, part := range want {
			require.ErrorContains(t, err, part, name)
		}
		require.Less(t, len(err.Error()), 400, name)
	}
}

// TestNotes: where the weights were found is told when it is not as usual.
func TestNotes(t *testing.T) {
	for name, want := range map[string]string{
		"zip.pth": "", "nested.pth": "", "beside2.pth": "", "flat.pth": "",
		"gan.pth": `the weights are those at "generator"`, "tuple.pth": `the weights are those at "0"`,
		"deep.pth": `the weights are those at "checkpoint.0.stuff.weights of it"`,
	} {
		var notes []string
		_, err := ReadFile(filepath.Join("testdata", name), WithNote(func(line string) { notes = append(notes, line) }))
		require.NoError(t, err)
		require.Equal(t, want, strings.Join(notes, "\n"), name)
	}
}

// TestTelling: of several state dicts, that under the most telling key is read.
func TestTelling(t *testing.T) {
	of := func(key string, value any) []byte { // a dict of one tensor "x." + key
		return assemble(opEmptyDict, str("x."+key), valid().tensor(), opSetItem)
	}
	for _, keys := range [][]string{
		{"state_dict", "model"}, {"model", "ema"}, {"generator", "discriminator"}, {"netG", "netD"}, {"params", "params_ema"},
		{"model_state_dict", "module"},
	} {
		for _, order := range [][2]int{{0, 1}, {1, 0}} {
			parts := []any{opEmptyDict}
			for _, i := range order {
				parts = append(parts, str(keys[i]), of(keys[i], nil)[2:], opSetItem)
			}
			file := zipFile(t, assemble(append(parts, opStop)...), zip.Store)
			d, err := Read(bytes.NewReader(file), int64(len(file)))
			require.NoError(t, err)
			require.Equal(t, []string{"x." + keys[0]}, d.Names())
		}
	}
}

// TestUnwrap: wrappers are taken out of names before the filter sees them.
func TestUnwrap(t *testing.T) {
	file := zipFile(t, assemble(opEmptyDict, str("module.a.w"), valid().tensor(), opSetItem, str("n_averaged"), valid().tensor(), opSetItem, opStop), zip.Store)
	var notes []string
	unwrap := func(o *tensorio.ReadOptions) { o.Unwrap = true }
	note := WithNote(func(line string) { notes = append(notes, line) })
	d, err := Read(bytes.NewReader(file), int64(len(file)), unwrap, note, WithFilter(func(name string) bool { return name == "a.w" }))
	require.NoError(t, err)
	require.Equal(t, []string{"a.w"}, d.Names())
	require.Equal(t, []string{`took "module." out of the names of the tensors`, "left out the tensors of n_averaged"}, notes)
	d, err = Read(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, []string{"module.a.w", "n_averaged"}, d.Names())
}

// manyTensors is the pickle of n tensors of one element, each in a storage of its
// own with numel elements.
func manyTensors(n, numel int) []byte {
	parts := []any{opEmptyDict}
	for i := range n {
		s := valid()
		s.key, s.numel, s.shape, s.stride = fmt.Sprint(i), numel, []int{1}, []int{1}
		parts = append(parts, str(fmt.Sprintf("w%d", i)), s.tensor(), opSetItem)
	}
	return assemble(append(parts, opStop)...)
}

// TestOverlap: storages that share bytes of the file are refused before any is
// decoded, whether they are the same record under two names or overlap by a byte.
func TestOverlap(t *testing.T) {
	build := func(shift int64) []byte {
		const numel, size = 1024, 4096
		pickle := manyTensors(2, numel)
		var b bytes.Buffer
		type record struct {
			name     string
			at, size int64
			crc      uint32
		}
		var records []record
		local := func(name string, content []byte) int64 {
			at := int64(b.Len())
			b.WriteString("PK\x03\x04")
			b.Write(make([]byte, 22))
			binary.Write(&b, binary.LittleEndian, uint16(len(name)))
			binary.Write(&b, binary.LittleEndian, uint16(0))
			b.WriteString(name)
			b.Write(content)
			return at
		}
		records = append(records, record{"a/data.pkl", local("a/data.pkl", pickle), int64(len(pickle)), crc32.ChecksumIEEE(pickle)})
		// The second local header lies in the first record's data, or follows it.
		header := int64(30 + len("a/data/1"))
		data := make([]byte, size+header+size)
		second := int64(size) - shift
		copy(data[second:], "PK\x03\x04")
		binary.LittleEndian.PutUint16(data[second+26:], uint16(len("a/data/1")))
		copy(data[second+30:], "a/data/1")
		at := local("a/data/0", data)
		sum := func(from int64) uint32 { return crc32.ChecksumIEEE(data[from:][:size]) }
		records = append(records, record{"a/data/0", at, size, sum(0)},
			record{"a/data/1", at + header + second, size, sum(second + header)})
		start := b.Len()
		for _, r := range records {
			b.WriteString("PK\x01\x02")
			b.Write(make([]byte, 12))
			binary.Write(&b, binary.LittleEndian, []uint32{r.crc, uint32(r.size), uint32(r.size)})
			binary.Write(&b, binary.LittleEndian, uint16(len(r.name)))
			b.Write(make([]byte, 12))
			binary.Write(&b, binary.LittleEndian, uint32(r.at))
			b.WriteString(r.name)
		}
		length := b.Len() - start
		b.WriteString("PK\x05\x06\x00\x00\x00\x00")
		binary.Write(&b, binary.LittleEndian, []uint16{3, 3})
		binary.Write(&b, binary.LittleEndian, []uint32{uint32(length), uint32(start)})
		b.Write([]byte{0, 0})
		return b.Bytes()
	}
	apart := build(0)
	d, err := Read(bytes.NewReader(apart), int64(len(apart)))
	require.NoError(t, err)
	require.Len(t, d, 2)
	// Headers in the data of another record harm nothing, data in data does.
	for _, shift := range []int64{30 + 8 + 1, 100, 4096} {
		file := build(shift)
		_, err := Read(bytes.NewReader(file), int64(len(file)))
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "overlap", shift)
	}
}

// TestDecodedIsCharged: a small compressed file cannot have megabytes decoded for
// each of many tensors of one element.
func TestDecodedIsCharged(t *testing.T) {
	const n, numel = 64, 1 << 18 // 64 MiB to decode
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	add := func(name string, content []byte) {
		w, err := z.Create("a/" + name)
		require.NoError(t, err)
		_, err = w.Write(content)
		require.NoError(t, err)
	}
	add("data.pkl", manyTensors(n, numel))
	for i := range n {
		add(fmt.Sprintf("data/%d", i), make([]byte, 4*numel))
	}
	require.NoError(t, z.Close())
	require.Less(t, b.Len(), 1<<20)
	_, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.ErrorIs(t, err, ErrTooLarge)
	require.ErrorContains(t, err, "decoding")
	d, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), WithMaxBytes(4*n*numel+1<<20))
	require.NoError(t, err)
	require.Len(t, d, n)
}

// TestCanceled: reading ends when its context does, at whatever read.
func TestCanceled(t *testing.T) {
	for _, name := range []string{"zip.pth", "legacy.pth"} {
		file := fixture(t, name)
		for n := 0; ; n++ {
			ctx, cancel := context.WithCancel(context.Background())
			r := &canceling{bytes.NewReader(file), n, cancel}
			_, err := Read(r, int64(len(file)), WithContext(ctx))
			if r.left > 0 {
				require.NoError(t, err)
				require.Greater(t, n, 1)
				break
			}
			if ctx.Err() != nil && err != nil {
				require.ErrorIs(t, err, context.Canceled, name)
			}
			cancel()
		}
	}
}

// canceling ends a context at its read number left.
type canceling struct {
	*bytes.Reader
	left   int
	cancel func()
}

func (c *canceling) ReadAt(p []byte, off int64) (int, error) {
	if c.left--; c.left == 0 {
		c.cancel()
	}
	return c.Reader.ReadAt(p, off)
}

// TestChecksumOfRecord: the CRC-32 in the directory holds for every record that is
// read, also if it is 0, which archive/zip takes for none.
func TestChecksumOfRecord(t *testing.T) {
	file := write(t, sample())
	entry := bytes.Index(file, []byte("PK\x01\x02"))
	for _, name := range []string{"data.pkl", "byteorder", "data/0"} {
		damaged := bytes.Clone(file)
		clear(damaged[entry+16:][:4])
		_, err := Read(bytes.NewReader(damaged), int64(len(damaged)))
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, `"archive/`+name+`": its CRC-32 is wrong`)
		entry += 4 + bytes.Index(file[entry+4:], []byte("PK\x01\x02"))
	}
}

// TestNesting: a state dict is found at the deepest place that is looked at, not below
// it, and not at the price of a walk through a million shared tuples.
func TestNesting(t *testing.T) {
	nested := func(depth int) []byte {
		parts := []any{}
		for range depth {
			parts = append(parts, opEmptyDict, str("in"))
		}
		parts = append(parts, opEmptyDict, str("a.w"), valid().tensor(), opSetItem)
		for range depth {
			parts = append(parts, opSetItem)
		}
		return assemble(append(parts, opStop)...)
	}
	for depth, found := range map[int]bool{0: true, 1: true, maxNesting: true, maxNesting + 1: false} {
		file := zipFile(t, nested(depth), zip.Store)
		_, err := Read(bytes.NewReader(file), int64(len(file)))
		require.Equal(t, found, err == nil, depth)
	}
	bomb := []any{opEmptyDict, str("model"), opEmptyDict, str("a.w"), valid().tensor(), opSetItem, opSetItem, str("beside"), opEmptyList, opMark, opNone, opBinPut, 0}
	for i := range 15 { // 100 to the power of 15 tuples, of 15 in memory
		bomb = append(bomb, opMark)
		for range 100 {
			bomb = append(bomb, opBinGet, i)
		}
		bomb = append(bomb, opTuple, opBinPut, i+1)
	}
	bomb = append(bomb, opAppends, opSetItem, opStop)
	file := zipFile(t, assemble(bomb...), zip.Store)
	d, err := Read(bytes.NewReader(file), int64(len(file)))
	require.NoError(t, err)
	require.Equal(t, []string{"a.w"}, d.Names())
}

// TestStrayEnds: what follows the last storage of a legacy file, and a compressed
// record without an end, make a file that was not written so.
func TestStrayEnds(t *testing.T) {
	legacy := append(fixture(t, "legacy.pth"), 0)
	_, err := Read(bytes.NewReader(legacy), int64(len(legacy)))
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "1 bytes follow")

	for _, ends := range []bool{true, false} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		add := func(name string, content []byte) {
			var packed bytes.Buffer
			w, err := flate.NewWriter(&packed, flate.BestSpeed)
			require.NoError(t, err)
			_, err = w.Write(content)
			require.NoError(t, err)
			require.NoError(t, w.Flush())
			if ends {
				require.NoError(t, w.Close())
			}
			raw, err := z.CreateRaw(&zip.FileHeader{Name: "a/" + name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE(content),
				CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(content))})
			require.NoError(t, err)
			_, err = raw.Write(packed.Bytes())
			require.NoError(t, err)
		}
		add("data.pkl", valid().pickle())
		add("data/0", make([]byte, 16))
		require.NoError(t, z.Close())
		_, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
		require.Equal(t, ends, err == nil)
		if !ends {
			require.ErrorIs(t, err, ErrCorrupt)
		}
	}
}
