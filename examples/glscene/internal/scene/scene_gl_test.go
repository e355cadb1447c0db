//go:build gl && cgo && linux

package scene

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/need"
)

// TestSceneEqualsDraw compares OpenGL's frame with that of Draw, but for edges, on which
// the two may round to different faces.
func TestSceneEqualsDraw(t *testing.T) {
	window, err := gpu.Open()
	if err != nil {
		need.Missing(t, "opengl", "%v", err)
	}
	defer window.Close()
	const w, h = 90, 61
	window.Do(func() {
		s, err := New(w, h)
		require.NoError(t, err)
		defer s.Close()
		for _, at := range [][2]int{{0, 0}, {20, 0}, {33, 1}} {
			world := At(at[0], at[1], float64(w)/h)
			want, got := NewFrame(w, h), NewFrame(w, h)
			want.Draw(world)
			s.Draw(world)
			s.Read(got)
			other := 0
			near := func(a, b, most float64) bool { return math.Abs(a-b) <= most }
			for i := range want.Depth {
				same := want.Box[i] == got.Box[i] && near(float64(want.Depth[i]), float64(got.Depth[i]), 0.01) &&
					near(float64(want.Before[i]), float64(got.Before[i]), 0.01) &&
					near(float64(want.Motion[2*i]), float64(got.Motion[2*i]), 0.02) &&
					near(float64(want.Motion[2*i+1]), float64(got.Motion[2*i+1]), 0.02)
				for c := range 4 {
					same = same && near(float64(want.Color[4*i+c]), float64(got.Color[4*i+c]), 1)
				}
				if !same {
					other++
				}
			}
			require.Less(t, other, w*h/100)
		}
	})
}
