package jpeg

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile("../../testdata/pictures/" + name)
	require.NoError(t, err)
	return data
}

func never() error { return nil }

// TestDamage flips the bits of files: whatever comes of it, nothing panics.
func TestDamage(t *testing.T) {
	for _, name := range []string{"own_progressive.jpg", "restarts.jpg", "progressive_restarts.jpg", "three_scans.jpg"} {
		data := read(t, name)
		damagetest.Flips(data, 0, len(data), func(at int, damaged []byte) {
			require.NotPanics(t, func() { _, _ = Decode(damaged, never) }, "%s, byte %d", name, at)
		})
	}
}

// TestIncomplete ends files with the marker that says they were whole.
func TestIncomplete(t *testing.T) {
	for _, name := range []string{"restarts.jpg", "own_progressive.jpg", "three_scans.jpg"} {
		data := read(t, name)
		_, err := Decode(data, never)
		require.NoError(t, err)
		_, err = Decode(append(bytes.Clone(data[:len(data)-60]), 0xff, 0xd9), never)
		require.Error(t, err, "%s within a scan", name)
	}
	data := read(t, "three_scans.jpg")
	_, err := Decode(append(bytes.Clone(data[:bytes.LastIndex(data, []byte{0xff, 0xda})]), 0xff, 0xd9), never)
	require.Error(t, err, "without the last scan")
}

func TestRefusals(t *testing.T) {
	for name, says := range map[string]string{
		"two_components.jpg": "of 2 components", "wide_12bit.jpg": "12 bits", "arithmetic.jpg": "arithmetic coding", "lossless_sof3.jpg": "lossless",
	} {
		_, err := ReadHeader(read(t, name))
		require.ErrorContains(t, err, says)
	}
	_, err := newHuffman([]byte{3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, []byte{1, 2, 3})
	require.Error(t, err, "three codes of one bit")
}

// TestRefine adds a bit that is there already, and forgets a band at a restart.
func TestRefine(t *testing.T) {
	var b [64]int16
	b[zigzag[1]], b[zigzag[2]], b[zigzag[3]] = 3, 2, -2
	d := &decoder{bits: bits{data: []byte{0xe0}}}
	require.Equal(t, 64, d.refine(&b, 1, 63, -1, 1))
	require.Equal(t, []int16{3, 3, -3}, []int16{b[zigzag[1]], b[zigzag[2]], b[zigzag[3]]})
	d.endOfBand = 5
	d.restart(nil)
	require.Zero(t, d.endOfBand)
}
