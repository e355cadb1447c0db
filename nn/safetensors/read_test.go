package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/golden"
	"github.com/impasto-go/impasto/nn/statedict"
)

func fixture(t testing.TB) []byte {
	file, err := os.ReadFile("testdata/types.safetensors")
	require.NoError(t, err)
	return file
}

func read(file []byte, opts ...Option) (statedict.Dict, map[string]string, error) {
	return Read(bytes.NewReader(file), int64(len(file)), opts...)
}

func TestReadTypes(t *testing.T) {
	text, err := os.ReadFile("testdata/expected.json")
	require.NoError(t, err)
	var want [][3]json.RawMessage
	require.NoError(t, json.Unmarshal(text, &want))
	got, metadata, err := ReadFile("testdata/types.safetensors")
	require.NoError(t, err)
	require.Equal(t, map[string]string{"format": "pt", "größe": "a\n\"b\""}, metadata)
	require.Len(t, got, len(want))
	for i, tensor := range want {
		var name string
		shape := []int{}
		var values []float64
		require.NoError(t, json.Unmarshal(tensor[0], &name))
		require.NoError(t, json.Unmarshal(tensor[1], &shape))
		require.NoError(t, json.Unmarshal(tensor[2], &values))
		require.Equal(t, name, got[i].Name)
		require.Equal(t, shape, got[i].Shape)
		require.Len(t, got[i].Data, len(values))
		for k, v := range values {
			require.Equal(t, float32(v), got[i].Data[k], "%s[%d]", name, k)
		}
	}
}

// TestReadGolden reads what a writer of others' wrote.
func TestReadGolden(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(golden.Path(t, "op"), "*.safetensors"))
	require.NoError(t, err)
	require.Greater(t, len(paths), 15)
	for _, path := range paths {
		got, _, err := ReadFile(path)
		require.NoError(t, err)
		want := golden.Read(t, "op/"+filepath.Base(path))
		require.Len(t, got, len(want), path)
		for _, e := range got {
			require.Equal(t, want[e.Name].Data, e.Data, "%s of %s", e.Name, path)
			require.True(t, slices.Equal(want[e.Name].Shape, e.Shape), "%s of %s", e.Name, path)
		}
	}
}

func TestFilter(t *testing.T) {
	file := fixture(t)
	all, _, err := read(file)
	require.NoError(t, err)
	for _, want := range all {
		got, _, err := read(file, WithFilter(func(name string) bool { return name == want.Name }))
		require.NoError(t, err)
		require.Equal(t, statedict.Dict{want}, got)
	}
	// What the filter leaves out is not read: it may be of an unknown type.
	odd := build(`{"a":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, 8)
	_, _, err = read(odd)
	require.ErrorIs(t, err, ErrCorrupt)
	require.ErrorContains(t, err, "F8_E4M3")
	got, _, err := read(odd, WithFilter(func(name string) bool { return name == "b" }))
	require.NoError(t, err)
	require.Equal(t, []string{"b"}, got.Names())
}

// build returns a file with the given header and n bytes of data.
func build(header string, n int) []byte {
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(file, header...), make([]byte, n)...)
}

func TestStrict(t *testing.T) {
	const good = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`
	tensor := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	for _, accepted := range []string{`{` + good + `}`, `{` + good + `}   `, "{ \n" + good + "\t}", `{"__metadata__":{},` + good + `}`} {
		_, _, err := read(build(accepted, 8))
		require.NoError(t, err, accepted)
	}
	_, _, err := read(build(`{}`, 0))
	require.NoError(t, err)
	for what, header := range map[string]string{
		"empty":             ``,
		"leading space":     ` {` + good + `}`,
		"array":             `[]`,
		"unclosed":          `{` + good,
		"trailing text":     `{` + good + `}x`,
		"trailing NUL":      `{` + good + "}\x00",
		"trailing comma":    `{` + good + `,}`,
		"duplicate tensor":  `{` + good + `,` + good + `}`,
		"duplicate escaped": `{` + good + `,"\u0061":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}`,
		"duplicate field":   `{"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		"duplicate meta":    `{"__metadata__":{"a":"1","a":"2"},` + good + `}`,
		"two metadata":      `{"__metadata__":{},"__metadata__":{},` + good + `}`,
		"metadata number":   `{"__metadata__":{"a":1},` + good + `}`,
		"unknown field":     `{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8],"x":"y"}}`,
		"missing field":     `{"a":{"dtype":"F32","data_offsets":[0,8]}}`,
		"null tensor":       `{"a":null}`,
		"hole":              `{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
		"overlap":           `{` + good + `,"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`,
		"same twice":        `{` + good + `,"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		"remainder":         tensor(`"F32"`, `[1]`, `[0,4]`),
		"beyond the end":    tensor(`"F32"`, `[3]`, `[0,12]`),
		"reversed":          tensor(`"F32"`, `[2]`, `[8,0]`),
		"wrong size":        tensor(`"F32"`, `[3]`, `[0,8]`),
		"wrong type":        tensor(`"F64"`, `[2]`, `[0,8]`),
		"unknown type":      tensor(`"F33"`, `[2]`, `[0,8]`),
		"type number":       tensor(`32`, `[2]`, `[0,8]`),
		"negative":          tensor(`"F32"`, `[-2]`, `[0,8]`),
		"leading zero":      tensor(`"F32"`, `[02]`, `[0,8]`),
		"fraction":          tensor(`"F32"`, `[2.0]`, `[0,8]`),
		"exponent":          tensor(`"F32"`, `[2e0]`, `[0,8]`),
		"2^64":              tensor(`"F32"`, `[18446744073709551618]`, `[0,8]`),
		"product 2^64":      tensor(`"F32"`, `[4294967296,4294967296,2]`, `[0,8]`),
		"product 2^62":      tensor(`"F32"`, `[4611686018427387904]`, `[0,8]`),
		"three offsets":     tensor(`"F32"`, `[2]`, `[0,8,8]`),
		"deep":              strings.Repeat(`{"a":`, 1000),
		"control":           `{"a` + "\n" + `":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		"bad escape":        `{"a\q":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		"bad UTF-8":         `{"a` + "\xff" + `":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`,
		"unended string":    `{"a`,
		"ends in escape":    `{"a\`,
		"damaged checksum":  `{"__metadata__":{"impasto.sha256":"12"},` + good + `}`,
		"wrong checksum":    `{"__metadata__":{"impasto.sha256":"` + strings.Repeat("0", 64) + `"},` + good + `}`,
	} {
		_, _, err := readBounded(t, build(header, 8))
		require.ErrorIs(t, err, ErrCorrupt, what)
	}
}

// TestBombs: claims of sizes that are not there, and headers that cost much more
// than their bytes.
func TestBombs(t *testing.T) {
	for _, length := range []uint64{1 << 63, math.MaxUint64, 100_000_001, 9, math.MaxInt64, math.MaxInt64 - 7} {
		_, _, err := readBounded(t, binary.LittleEndian.AppendUint64(nil, length))
		require.ErrorIs(t, err, ErrCorrupt)
	}
	var many strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&many, `,"%d":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`, i)
	}
	for what, header := range map[string]string{
		"many tensors":   "{" + many.String()[1:] + "}",
		"many strings":   `{"__metadata__":{` + strings.Repeat(`"":"",`, 2_000_000),
		"many numbers":   `{"a":{"shape":[` + strings.Repeat("1,", 5_000_000),
		"escaped":        `{"` + strings.Repeat(`\n`, 5_000_000) + `":`,
		"long string":    `{"` + strings.Repeat(`a`, 40_000_000) + `":`,
		"many spaces":    `{` + strings.Repeat(" ", 10_000_000),
		"many checksums": `{"__metadata__":{"impasto.sha256":"` + strings.Repeat("a ", 5_000_000) + `"}}`,
	} {
		_, _, err := readBounded(t, build(header, 0))
		require.Error(t, err, what)
	}
	file := write(t, sample(), nil)
	_, _, err := read(file, WithMaxBytes(1000))
	require.ErrorIs(t, err, ErrTooLarge)
}

func TestInexactInteger(t *testing.T) {
	file := build(`{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}`, 0)
	for n, ok := range map[int64]bool{1 << 24: true, -1 << 24: true, 1<<24 + 1: false, -1<<24 - 1: false, math.MinInt64: false} {
		_, _, err := read(binary.LittleEndian.AppendUint64(file, uint64(n)))
		require.Equal(t, ok, err == nil, n)
	}
	unsigned := build(`{"a":{"dtype":"U64","shape":[1],"data_offsets":[0,8]}}`, 0)
	_, _, err := read(binary.LittleEndian.AppendUint64(unsigned, math.MaxUint64))
	require.ErrorIs(t, err, ErrCorrupt)
}

var errDisk = errors.New("disk on fire")

type failingDisk struct{ io.ReaderAt }

func (f failingDisk) ReadAt(p []byte, off int64) (int, error) {
	if off > 100 {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, off)
}

// TestDiskError: a failing disk is not reported as a corrupt file.
func TestDiskError(t *testing.T) {
	file := fixture(t)
	_, _, err := Read(failingDisk{bytes.NewReader(file)}, int64(len(file)))
	require.ErrorIs(t, err, errDisk)
	require.NotErrorIs(t, err, ErrCorrupt)
}

// TestEdges: what fails by one, also where nobody reads the data.
func TestEdges(t *testing.T) {
	none := WithFilter(func(string) bool { return false })
	ones := func(n int) string {
		return `{"a":{"dtype":"F32","shape":[` + strings.TrimSuffix(strings.Repeat("1,", n), ",") + `],"data_offsets":[0,4]}}`
	}
	for what, c := range map[string]struct {
		header string
		data   int
		sound  bool
	}{
		"too few bytes for the shape": {`{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}`, 8, false},
		"too many":                    {`{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}`, 8, false},
		"the right number":            {`{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}`, 8, true},
		"64 dimensions":               {ones(64), 4, true},
		"65 dimensions":               {ones(65), 4, false},
		"a scalar without a shape":    {`{"a":{"dtype":"F32","data_offsets":[0,4]}}`, 4, false},
		"a scalar":                    {`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 4, true},
		"nothing without offsets":     {`{"a":{"dtype":"F32","shape":[0]}}`, 0, false},
	} {
		_, _, err := read(build(c.header, c.data), none)
		require.Equal(t, c.sound, err == nil, "%s: %v", what, err)
		if !c.sound {
			require.ErrorIs(t, err, ErrCorrupt, what)
		}
	}
}
