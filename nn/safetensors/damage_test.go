package safetensors

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// readBounded reads file, within the memory bound and with an error of a known kind.
func readBounded(t testing.TB, file []byte, opts ...Option) (d statedict.Dict, metadata map[string]string, err error) {
	damagetest.Bounded(t, len(file), func() { d, metadata, err = read(file, opts...) })
	if err != nil && !errors.Is(err, ErrCorrupt) && !errors.Is(err, ErrTooLarge) {
		t.Fatalf("an error of no kind: %v", err)
	}
	return d, metadata, err
}

// small is a dict that fills a file of about 1 KB.
func small() statedict.Dict {
	return statedict.Dict{
		{Name: "conv1.weight", Shape: []int{2, 3, 2}, Data: []float32{1, -2, 3, 4, 5, -6, 7, 8, 9, 10, 11, 12}},
		{Name: "conv1.bias", Shape: []int{2}, Data: []float32{0.5, 0.25}},
		{Name: "in1.weight", Shape: []int{2}, Data: []float32{1, 1}},
		{Name: "scalar", Shape: []int{}, Data: []float32{3}},
	}
}

func TestTruncated(t *testing.T) {
	for _, file := range [][]byte{fixture(t), write(t, small(), nil), write(t, sample(), nil)} {
		for _, n := range damagetest.Truncations(len(file)) {
			_, _, err := readBounded(t, file[:n])
			require.ErrorIs(t, err, ErrCorrupt, "cut at %d", n)
		}
	}
}

// TestFlipped changes each byte of a file of ours: the change is refused, or the
// tensors are the same.
func TestFlipped(t *testing.T) {
	file := write(t, small(), map[string]string{"style": "glass"})
	refused := 0
	damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) {
		got, _, err := readBounded(t, damaged)
		if err == nil {
			require.Equal(t, small(), got, "byte %d", at)
		} else {
			refused++
		}
	})
	require.Greater(t, refused, len(file))
}

func TestMutated(t *testing.T) {
	file := write(t, small(), map[string]string{"style": "glass"})
	damagetest.Mutations(file, func(damaged []byte) {
		if got, _, err := readBounded(t, damaged, RequireChecksum()); err == nil {
			require.Equal(t, small(), got)
		}
		readBounded(t, damaged)
	})
	damagetest.Mutations(fixture(t), func(damaged []byte) { readBounded(t, damaged) })
}

// FuzzRead reads arbitrary files; what it accepts, it must be able to write. Run it
// with -fuzzminimizetime 0: coverage of maps varies, which stalls minimizing.
func FuzzRead(f *testing.F) {
	f.Add(fixture(f))
	f.Add(write(f, small(), map[string]string{"a": "b"}))
	f.Add(build(`{"a":{"dtype":"U8","shape":[2,4],"data_offsets":[0,8]}}`, 8))
	f.Add(build(`{"\u0061\n":{"data_offsets":[0,0],"dtype":"BF16","shape":[0]}} `, 0))
	f.Fuzz(func(t *testing.T, file []byte) {
		d, metadata, err := readBounded(t, file)
		if err != nil {
			return
		}
		require.NoError(t, tensorio.CheckDict(d))
		var b bytes.Buffer
		require.NoError(t, Write(&b, d, metadata))
		_, _, err = read(b.Bytes(), RequireChecksum(), WithMaxBytes(1<<30))
		require.NoError(t, err)
	})
}
