package progress

import (
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar is a line on the terminal: how many of the steps are done, the losses, the
// speed and the time left. A nil Bar shows nothing.
type Bar struct {
	bar     *progressbar.ProgressBar
	out     io.Writer
	columns func() int // of the terminal
	steps   int
	terms   []string
	pace    pace
	drawn   time.Time
}

// barInterval is how often a Bar is drawn at most.
const barInterval = 100 * time.Millisecond

// NewBar returns a Bar on f for a run of the given number of steps whose losses have
// these names, or nil if f, usually os.Stderr, is not a terminal.
func NewBar(f *os.File, steps int, terms []string) *Bar {
	if !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return newBar(f, steps, terms, func() int {
		columns, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			return 80
		}
		return columns
	})
}

const barWidth = 12

func newBar(out io.Writer, steps int, terms []string, columns func() int) *Bar {
	return &Bar{out: out, columns: columns, steps: steps, terms: terms, bar: progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(out),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false), // which would count what an earlier session did
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetWidth(barWidth),
		progressbar.OptionSetTheme(progressbar.ThemeASCII))}
}

// Step shows a finished step. What cannot be drawn stops nothing.
func (b *Bar) Step(s Step) {
	if b == nil || s.ImagesPerSecond == 0 {
		return
	}
	now := time.Now()
	b.pace.step(now, s.Step)
	if now.Sub(b.drawn) < barInterval && s.Step < b.steps {
		return
	}
	b.drawn = now
	percent, count := len(" 100% || "), len(fmt.Sprintf("(%d/%d) ", b.steps, b.steps))
	b.bar.Describe(fit(b.describe(s), b.columns()-barWidth-percent-count))
	_ = b.bar.Set(s.Step)
}

// describe tells about a step, the most important first.
func (b *Bar) describe(s Step) (parts []string) {
	if left, ok := b.pace.left(b.steps - s.Step); ok {
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	parts = append(parts, fmt.Sprintf("%.1f img/s", s.ImagesPerSecond))
	for i, l := range s.Losses {
		parts = append(parts, b.terms[i]+" "+short(l))
	}
	return append(parts, "total "+short(s.Total()))
}

// fit joins as many parts as have room on the line: one that breaks cannot be
// drawn again.
func fit(parts []string, room int) (text string) {
	for i, p := range parts {
		if i > 0 {
			p = ", " + p
		}
		if len(text)+len(p) >= room {
			break
		}
		text += p
	}
	return text
}

// short writes three digits of v, with the prefixes of units.
func short(v float64) string {
	unit := ""
	for _, u := range []string{"k", "M", "G"} {
		if !(v >= 999.5) || math.IsInf(v, 0) {
			break
		}
		v, unit = v/1000, u
	}
	return strconv.FormatFloat(v, 'g', 3, 64) + unit
}

// Println prints a line above the bar.
func (b *Bar) Println(line string) {
	if b == nil {
		return
	}
	_ = b.bar.Clear()
	fmt.Fprintln(b.out, line)
	b.drawn = time.Time{}
}

// Close leaves the bar as it is and begins a new line. It may be called twice.
func (b *Bar) Close() {
	if b == nil || b.drawn.IsZero() {
		return
	}
	_ = b.bar.Exit()
	fmt.Fprintln(b.out)
	b.drawn = time.Time{}
}
