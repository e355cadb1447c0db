package scene

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/temporal"
)

// Way is a way to keep a style in a frame loop.
type Way struct {
	Name    string
	Options temporal.LoopOptions
}

// Ways returns the ways that are compared; keep is how much of the last picture stays.
func Ways(keep float32) []Way {
	o := temporal.Options{Keep: keep}
	return []Way{
		{"plain", temporal.LoopOptions{}},
		{"accumulated", temporal.LoopOptions{Options: o}},
		{"every 4th frame", temporal.LoopOptions{Options: o, Every: 4}},
		{"spread over 4", temporal.LoopOptions{Options: o, Every: 4, Spread: true}},
	}
}

// Contest measures ways side by side: what their frames take, and how they flicker
// along the exact motion of the scene.
type Contest struct {
	Results []Result // the first is the scene itself
	last    *Frame
	shown   [][]float32 // of the last frame, by way
	pairs   int
}

// Result is what was measured on a way.
type Result struct {
	Name  string
	Times []time.Duration // of its frames, or of drawing
	Warp  float64         // mean warping error, in levels
	sum   float64
}

// NewContest returns a contest of ways.
func NewContest(ways []Way) *Contest {
	c := &Contest{Results: []Result{{Name: "the scene itself"}}}
	for _, w := range ways {
		c.Results = append(c.Results, Result{Name: w.Name})
	}
	return c
}

// Drawn notes what it took to draw a frame.
func (c *Contest) Drawn(d time.Duration) { c.Results[0].Times = append(c.Results[0].Times, d) }

// Took notes what it took to style a frame in way number i.
func (c *Contest) Took(i int, d time.Duration) {
	c.Results[1+i].Times = append(c.Results[1+i].Times, d)
}

// Shown compares a frame, and what each way has made of it as RGBA, with the frame
// before. It keeps nothing of them.
func (c *Contest) Shown(f *Frame, styled [][]uint8) {
	h, w := f.Height, f.Width
	shown := [][]float32{planes(f.Color)}
	for _, s := range styled {
		shown = append(shown, planes(s))
	}
	if c.last != nil {
		c.pairs++
		for i := range shown {
			r := &c.Results[i]
			r.sum += flicker.WarpingError(c.shown[i], shown[i], h, w, func(x, y int) (float64, float64, bool) {
				return f.Moved(c.last, x, y)
			})
			r.Warp = r.sum / float64(c.pairs)
		}
	}
	c.last = &Frame{Width: w, Height: h, Depth: slices.Clone(f.Depth), Box: slices.Clone(f.Box)}
	c.shown = shown
}

// Cut says that the next frame shows another scene.
func (c *Contest) Cut() { c.last = nil }

func planes(rgba []uint8) []float32 {
	n := len(rgba) / 4
	p := make([]float32, 3*n)
	for i := range n {
		for c := range 3 {
			p[c*n+i] = float32(rgba[4*i+c])
		}
	}
	return p
}

// Table describes the results; times without the first frame, which compiles shaders
// and has no past.
func (c *Contest) Table() string { return c.table(true) }

// Times describes the times alone.
func (c *Contest) Times() string { return c.table(false) }

func (c *Contest) table(warps bool) string {
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name, mean, median, slowest, warp string) {
		if !warps {
			warp = ""
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t\n", name, mean, median, slowest, warp)
	}
	row("", "mean", "median", "slowest", "warping error")
	for i := range c.Results {
		r := &c.Results[i]
		warp := fmt.Sprintf("%.2f", r.Warp)
		if len(r.Times) < 2 {
			row(r.Name, "", "", "", warp)
			continue
		}
		times := slices.Sorted(slices.Values(r.Times[1:]))
		ms := func(v float64) string { return fmt.Sprintf("%.1f ms", v) }
		row(r.Name, ms(r.mean()), ms(milliseconds(times[len(times)/2])), ms(milliseconds(times[len(times)-1])), warp)
	}
	_ = t.Flush()
	return text.String()
}

// mean returns what a frame takes, in milliseconds, without the first.
func (r *Result) mean() float64 {
	var total time.Duration
	for _, d := range r.Times[1:] {
		total += d
	}
	return milliseconds(total) / float64(len(r.Times)-1)
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
