package tiff

import (
	"bytes"
	"encoding/binary"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPackBits undoes the example of Apple's Technical Note TN1023, in reads of one
// byte and of all.
func TestPackBits(t *testing.T) {
	packed := []byte{0xFE, 0xAA, 0x02, 0x80, 0x00, 0x2A, 0xFD, 0xAA, 0x03, 0x80, 0x00, 0x2A, 0x22, 0xF7, 0xAA}
	want := []byte{
		0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0xAA, 0xAA, 0xAA, 0xAA, 0x80, 0x00, 0x2A, 0x22,
		0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA, 0xAA,
	}
	for _, step := range []int{1, 5, len(want)} {
		u := unpacker{in: bytes.NewReader(packed)}
		got := make([]byte, len(want))
		for at := 0; at < len(got); at += step {
			_, err := io.ReadFull(&u, got[at:min(at+step, len(got))])
			require.NoError(t, err)
		}
		require.Equal(t, want, got)
		_, err := u.Read(got[:1])
		require.ErrorIs(t, err, io.EOF, "nothing follows")
	}
	u := unpacker{in: bytes.NewReader([]byte{0x80, 0x00, 7, 0x81})} // 0x80 is nothing
	got := make([]byte, 2)
	n, err := u.Read(got)
	require.Equal(t, []byte{7}, got[:n])
	require.ErrorIs(t, err, errPackBits)
}

// file returns a little-endian TIFF of the tags, in the order given; one value each.
func file(tags ...[2]uint32) []byte {
	b := []byte("II*\x00\x08\x00\x00\x00")
	b = binary.LittleEndian.AppendUint16(b, uint16(len(tags)))
	for _, t := range tags {
		b = binary.LittleEndian.AppendUint16(b, uint16(t[0]))
		b = binary.LittleEndian.AppendUint16(b, 4) // LONG
		b = binary.LittleEndian.AppendUint32(b, 1)
		b = binary.LittleEndian.AppendUint32(b, t[1])
	}
	return append(b, make([]byte, 16)...)
}

// TestHeaders accepts and refuses pages that differ in one tag.
func TestHeaders(t *testing.T) {
	page := func(tags ...[2]uint32) error {
		all := append([][2]uint32{{tagWidth, 40}, {tagHeight, 32}, {tagPhotometric, blackIsZero}}, tags...)
		_, err := Read(file(all...))
		return err
	}
	strip := [2]uint32{tagStripOffsets, 8}
	require.NoError(t, page(strip))
	require.NoError(t, page(strip, [2]uint32{tagRowsPerStrip, 32}))
	require.EqualError(t, page(strip, [2]uint32{tagRowsPerStrip, 31}), "1 strips or tiles where 2 are needed")
	require.EqualError(t, page(strip, [2]uint32{tagRowsPerStrip, 0}), "strips without rows")
	require.ErrorContains(t, page(), "0 strips")

	tile := [2]uint32{tagTileOffsets, 8}
	require.NoError(t, page(tile, [2]uint32{tagTileWidth, 48}, [2]uint32{tagTileHeight, 32}))
	for _, size := range [][2]uint32{{40, 32}, {48, 40}, {0, 32}, {1 << 20, 32}} {
		require.ErrorContains(t, page(tile, [2]uint32{tagTileWidth, size[0]}, [2]uint32{tagTileHeight, size[1]}), "bad tiles")
	}
	require.EqualError(t, page(tile, [2]uint32{tagTileWidth, 16}, [2]uint32{tagTileHeight, 32}), "1 strips or tiles where 3 are needed")

	fax := [2]uint32{tagCompression, group3}
	require.NoError(t, page(strip, fax))
	require.NoError(t, page(strip, fax, [2]uint32{tagT4Options, 4})) // lines begin at bytes
	for options := uint32(1); options < 4; options++ {
		require.ErrorContains(t, page(strip, fax, [2]uint32{tagT4Options, options}), "two-dimensional or uncompressed")
	}
	require.NoError(t, page(strip, [2]uint32{tagT4Options, 1}), "it means nothing elsewhere")
}
