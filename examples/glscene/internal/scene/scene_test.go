package scene

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/flicker"
)

// TestMotion carries frames along the motion of the next: what can be seen in both is
// the same, where it is smooth, and against the motion it is not.
func TestMotion(t *testing.T) {
	const w, h = 128, 72
	var along, against, share float64
	const first, last = 10, 18
	var before *Frame
	for n := first; n <= last; n++ {
		f := NewFrame(w, h)
		f.Draw(At(n, 0, float64(w)/h))
		if before != nil {
			a, b := planes(before.Color), planes(f.Color)
			along += flicker.WarpingError(a, b, h, w, func(x, y int) (float64, float64, bool) {
				u, v, seen := f.Moved(before, x, y)
				if seen {
					share++
				}
				return u, v, seen
			})
			against += flicker.WarpingError(a, b, h, w, func(x, y int) (float64, float64, bool) {
				u, v, seen := f.Moved(before, x, y)
				return min(max(2*float64(x)-u, 0), w-1), min(max(2*float64(y)-v, 0), h-1), seen
			})
		}
		before = f
	}
	pairs := float64(last - first)
	require.Less(t, along/pairs, 1.5)
	require.Greater(t, against, 3*along)
	require.Greater(t, share/pairs/w/h, 0.7)
	for i, d := range before.Depth {
		require.Less(t, d, float32(60), "the room closes the picture at pixel %d", i)
	}
}

// TestWorld has the last frame's matrices be those of the frame before, and another
// shot another picture.
func TestWorld(t *testing.T) {
	a, b := At(5, 0, 1.5), At(6, 0, 1.5)
	for i := range a.Boxes {
		for k, v := range a.Boxes[i].Now {
			require.InDelta(t, v, b.Boxes[i].Before[k], 1e-5)
		}
	}
	require.Equal(t, At(0, 0, 1).Boxes[3].Now, At(0, 0, 1).Boxes[3].Before)
	require.NotEqual(t, At(5, 0, 1.5), At(5, 1, 1.5))
}

// TestClip draws a face that reaches behind the camera.
func TestClip(t *testing.T) {
	f := NewFrame(40, 30)
	w := &World{Boxes: []Box{{Tint: [4]float32{1, 1, 1, 1}}}}
	for i := range w.Boxes[0].Light {
		w.Boxes[0].Light[i] = 1
	}
	// Around the camera.
	w.Boxes[0].Now = matrix{{1, 0, 0, 0}, {0, 1, 0, 0}, {0, 0, -1, 0}, {0, 0, -1, 0}}.floats()
	w.Boxes[0].Before = w.Boxes[0].Now
	f.Draw(w)
	for i, d := range f.Depth {
		require.InDelta(t, 1, d, 1e-5, "the far side is the nearest at pixel %d", i)
		require.InDelta(t, 0, f.Motion[2*i], 1e-4)
	}
}

func TestTable(t *testing.T) {
	c := NewContest(Ways(0.5))
	f := NewFrame(8, 4)
	for k := range 3 {
		c.Drawn(time.Millisecond)
		for i := range Ways(0.5) {
			c.Took(i, time.Duration(10*i+k*k)*time.Millisecond)
		}
		pixels := make([]uint8, 4*8*4)
		for i := range pixels {
			pixels[i] = uint8(10 * k)
		}
		c.Shown(f, [][]uint8{f.Color, pixels, f.Color, pixels})
	}
	text := c.Table()
	require.Regexp(t, `(?m)^ *the scene itself +1.0 ms +1.0 ms +1.0 ms +0.00 *$`, text)
	require.Regexp(t, `(?m)^ *accumulated +12.5 ms +14.0 ms +14.0 ms +10.00 *$`, text)
	require.Equal(t, 6, strings.Count(text, "\n"))
	require.False(t, math.IsNaN(c.Results[3].Warp))
}
