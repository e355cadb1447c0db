// Package scene is the moving scene that glscene styles, with and without a window,
// and the summary of its frame times. The scene itself needs OpenGL, so that it is
// built with cgo and the tag gl on Linux only.
package scene

import (
	"fmt"
	"slices"
	"time"
)

// Timing is what one frame took.
type Timing struct{ Draw, Style time.Duration }

// Summary describes frame times; the first frame, which compiles shaders, apart.
func Summary(t []Timing) string {
	if len(t) == 0 {
		return "no frame was styled"
	}
	first := t[0].Draw + t[0].Style
	if len(t) > 1 {
		t = t[1:]
	}
	var total time.Duration
	var style []time.Duration
	for _, f := range t {
		total += f.Draw + f.Style
		style = append(style, f.Style)
	}
	slices.Sort(style)
	at := func(q int) time.Duration { return style[(len(style)-1)*q/100].Round(10 * time.Microsecond) }
	return fmt.Sprintf("first frame %v, then %.1f frames/s\nstyle transfer: fastest %v, median %v, 95%% below %v, slowest %v",
		first.Round(time.Millisecond), float64(len(t))/total.Seconds(), at(0), at(50), at(95), at(100))
}
