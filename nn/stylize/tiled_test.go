package stylize_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/stylize"
)

// TestTiledEqualsWhole compares pictures of odd sizes; TestTiledFloats has the
// differences before rounding.
func TestTiledEqualsWhole(t *testing.T) {
	for _, c := range []struct {
		filters   [3]int
		resBlocks int
		w, h      int
	}{
		{[3]int{8, 16, 32}, 1, 201, 131},
		{[3]int{4, 6, 8}, 3, 103, 210},
		{[3]int{4, 32, 48}, 1, 77, 150},
	} {
		model := newModel(t, c.filters, c.resBlocks)
		in := scene(c.w, c.h)
		want, err := newSession(t, model).Image(in)
		require.NoError(t, err)
		require.Greater(t, unsaturated(want), len(want.Pix)/2, "the picture says something")
		full := int64(4*(c.w+3)*(c.h+3)) * int64(c.filters[2]) / 4
		for name, memory := range map[string]int64{"from the picture": 1, "with the trunk kept": full * 2} {
			t.Run(fmt.Sprintf("%v %dx%d %s", c.filters, c.w, c.h, name), func(t *testing.T) {
				session := newSession(t, model, stylize.Memory(memory))
				steps, last := 0, 0.0
				session.Progress = func(done float64) error {
					require.Greater(t, done, last)
					last = done
					steps++
					return nil
				}
				got, err := session.Image(in)
				require.NoError(t, err)
				require.Greater(t, steps, 20, "it was tiled")
				require.Equal(t, 1.0, last)
				// Truncation turns a difference of d into 1 for a share d of the bytes.
				off, worst := compare(t, want, got)
				t.Logf("%d of %d off", off, len(want.Pix))
				require.LessOrEqual(t, worst, 1)
				require.LessOrEqual(t, off, len(want.Pix)/500)
			})
		}
	}
}

func TestTiledInPlaceAndCanceled(t *testing.T) {
	in := scene(150, 140)
	session := newSession(t, small(t), stylize.Memory(1))
	want, err := session.Image(in)
	require.NoError(t, err)
	pix := rgba(in, 600)
	require.NoError(t, session.StylizeRGBA(pix, pix, 150, 140, 600))
	got := fromRGBA(pix, 150, 140, 600)
	require.Equal(t, want.Pix, got.Pix)

	stop := errors.New("stop")
	session.Progress = func(float64) error { return stop }
	_, err = session.Image(in)
	require.ErrorIs(t, err, stop)
	session.Progress = nil
	again, err := session.Image(in)
	require.NoError(t, err)
	require.Equal(t, want, again)
}
