package progress

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// Bar is a line on the terminal: how many of the steps are done, the losses, the
// speed and the time left. A nil Bar shows nothing.
type Bar struct {
	bar   *progressbar.ProgressBar
	out   io.Writer
	steps int
	pace  pace
	drawn time.Time
}

// barInterval is how often a Bar is drawn at most.
const barInterval = 100 * time.Millisecond

// NewBar returns a Bar on f for a run of the given number of steps, or nil if f,
// usually os.Stderr, is not a terminal.
func NewBar(f *os.File, steps int) *Bar {
	if !term.IsTerminal(int(f.Fd())) {
		return nil
	}
	return newBar(f, steps)
}

func newBar(out io.Writer, steps int) *Bar {
	return &Bar{out: out, steps: steps, bar: progressbar.NewOptions(steps,
		progressbar.OptionSetWriter(out),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false), // which would count what an earlier session did
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetWidth(20),
		progressbar.OptionSetTheme(progressbar.ThemeUnicode))}
}

// Step shows a finished step. What cannot be drawn stops nothing.
func (b *Bar) Step(s Step) {
	if b == nil || s.ImagesPerSecond == 0 {
		return
	}
	now := time.Now()
	b.pace.step(now)
	if now.Sub(b.drawn) < barInterval && s.Step < b.steps {
		return
	}
	b.drawn = now
	b.bar.Describe(describe(s, &b.pace, b.steps))
	_ = b.bar.Set(s.Step)
}

func describe(s Step, p *pace, steps int) string {
	text := fmt.Sprintf("%.1f images/s, content %s, style %s, total %s",
		s.ImagesPerSecond, short(s.Content), short(s.Style), short(s.Total()))
	if left, ok := p.left(steps - s.Step); ok {
		text += ", " + left.Round(time.Second).String() + " left"
	}
	return text
}

func short(v float64) string { return strconv.FormatFloat(v, 'g', 3, 64) }

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
