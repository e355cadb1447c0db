package imageio

import (
	"encoding/binary"
	"io"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestBitmapHeaders changes numbers in headers, each to one that no bitmap can have.
func TestBitmapHeaders(t *testing.T) {
	for _, c := range []struct {
		name  string
		at    int
		value uint32
		want  string
	}{
		{"rgb.bmp", 18, 0, "bad size 0x"},
		{"rgb.bmp", 22, 0, "x0"},
		{"bits8.bmp", 46, 1<<16 + 1, "a palette of 65537 colors"},
		{"bits8.bmp", 46, 1 << 16, "truncated"},
		{"rle4.bmp", 30, bmpRLE8, "packing 1 of 4 bits"},
		{"rle8.bmp", 30, bmpRLE4, "packing 2 of 8 bits"},
		{"rle8.bmp", 10, 1 << 30, "truncated"},
	} {
		data, err := os.ReadFile("testdata/pictures/" + c.name)
		require.NoError(t, err)
		binary.LittleEndian.PutUint32(data[c.at:], c.value)
		_, err = DecodeBytes(data, Options{})
		require.ErrorContains(t, err, c.want, "%s, %d at %d", c.name, c.value, c.at)
	}
}

// TestRuns decodes runs that leave the row and data that end too soon.
func TestRuns(t *testing.T) {
	goOn := func() error { return nil }
	b := &bitmap{w: 2, h: 2, bits: 8, packing: bmpRLE8}
	out, err := b.unpack([]byte{3, 7, 0, 0, 1, 8, 0, 1}, goOn)
	require.NoError(t, err)
	require.Equal(t, []byte{7, 7, 8, 0}, out, "a run ends at the end of its row")
	out, err = b.unpack([]byte{0, 3, 1, 2, 3, 99, 0, 1}, goOn)
	require.NoError(t, err)
	require.Equal(t, []byte{1, 2, 0, 0}, out)
	for _, short := range [][]byte{{}, {1}, {0, 2, 1}, {0, 3, 1, 2}, {2, 7}} {
		_, err = b.unpack(short, goOn)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	}
	long := make([]byte, 0, 20_000)
	for range 10_000 {
		long = append(long, 255, 1)
	}
	_, err = b.unpack(long, goOn)
	require.ErrorIs(t, err, errRLE)
}
