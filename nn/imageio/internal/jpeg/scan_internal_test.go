package jpeg

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestVisits wants a file refused that passes over a block too many.
func TestVisits(t *testing.T) {
	data, err := os.ReadFile("../../testdata/pictures/own_progressive.jpg")
	require.NoError(t, err)
	decode := func(before int) (int, error) {
		d := &decoder{data: data, check: func() error { return nil }, visits: before}
		err := d.run(false)
		return d.visits - before, err
	}
	n, err := decode(0)
	require.NoError(t, err)
	// 3x2 units of 4+1+1 blocks, twice; of 37x29 pixels 5x4 and twice 3x2 blocks, twice.
	require.Equal(t, 2*3*2*6+2*(5*4+2*3*2), n)
	_, err = decode(MaxVisits - n)
	require.NoError(t, err)
	_, err = decode(MaxVisits - n + 1)
	var work *WorkError
	require.ErrorAs(t, err, &work)
	require.Equal(t, MaxVisits+1, work.N)
}

// TestMemory counts what a header promises.
func TestMemory(t *testing.T) {
	for name, want := range map[string]int64{
		"own_progressive.jpg": 3 * 36 * 64, // samples and coefficients of 3x2 units of 6 blocks
		"restarts.jpg":        36 * 64,
		"gray_2x2.jpg":        24 * 64,
	} {
		data, err := os.ReadFile("../../testdata/pictures/" + name)
		require.NoError(t, err)
		p, err := ReadHeader(data)
		require.NoError(t, err)
		require.Equal(t, want, p.Memory(), name)
	}
}
