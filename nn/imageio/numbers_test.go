package imageio

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestPNMNumbers has numbers out of range, and comments that end either way.
func TestPNMNumbers(t *testing.T) {
	for text, want := range map[string]string{
		"P5\n1 1\n0\n\x00":         "maximum value 0 is not in 1..65535",
		"P5\n1 1\n65536\n\x00\x00": "maximum value 65536 is not in 1..65535",
		"P2\n1 1\n5\n6\n":          "sample 6 above the maximum 5",
		"P5\n1 1\n1234567890\n":    "number too long",
	} {
		_, err := DecodeBytes([]byte(text), Options{})
		require.ErrorContains(t, err, want)
	}
	for _, end := range []string{"\n", "\r"} {
		m, err := DecodeBytes([]byte("P2\n# one"+end+"1 1 5 5"), Options{})
		require.NoError(t, err)
		require.Equal(t, []uint8{255, 255, 255}, m.Pix)
	}
}

// TestShortEXIF cuts both kinds of TIFF structure, whose only entry is at the end.
func TestShortEXIF(t *testing.T) {
	for _, whole := range []string{
		"MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00",
		"MM\x00+\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\x01" +
			"\x01\x12\x00\x03\x00\x00\x00\x00\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00",
	} {
		require.Equal(t, 6, tiffOrientation([]byte(whole)))
		for n := range len(whole) {
			require.Zero(t, tiffOrientation([]byte(whole[:n])), n)
		}
	}
}
