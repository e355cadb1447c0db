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
	room    int // columns that the bar was made for
	width   int // of the bar itself
	saved   int // the last step after which the run was saved
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

// The bar itself takes what the words leave of the line.
const (
	leastBar, mostBar = 6, 40
	numberWidth       = 5 // of most losses
)

func newBar(out io.Writer, steps int, terms []string, columns func() int) *Bar {
	b := &Bar{out: out, columns: columns, steps: steps, terms: terms}
	b.resize(columns())
	return b
}

// resize makes the bar anew for a line of so many columns.
func (b *Bar) resize(columns int) {
	words := b.around() + len("1h23m left, total ") + numberWidth
	for _, name := range b.terms {
		words += len(", "+name+" ") + numberWidth
	}
	b.room, b.width = columns, min(max(columns-words-1, leastBar), mostBar)
	b.bar = progressbar.NewOptions(b.steps,
		progressbar.OptionSetWriter(b.out),
		progressbar.OptionShowCount(),
		progressbar.OptionSetPredictTime(false), // which would count what an earlier session did
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetWidth(b.width),
		progressbar.OptionSetTheme(progressbar.ThemeASCII))
}

// around returns the columns of what the library writes around the bar.
func (b *Bar) around() int { return len(" 100% || ") + len(fmt.Sprintf("(%d/%d) ", b.steps, b.steps)) }

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
	if columns := b.columns(); columns != b.room {
		b.resize(columns)
	}
	b.bar.Describe(fit(b.describe(s), b.room-b.width-b.around()))
	_ = b.bar.Set(s.Step)
}

// describe tells about a step, the most important first.
func (b *Bar) describe(s Step) (parts []string) {
	if left, ok := b.pace.left(b.steps - s.Step); ok {
		parts = append(parts, Duration(left)+" left")
	}
	parts = append(parts, Losses(b.terms, s.Losses)...)
	if b.saved > 0 {
		parts = append(parts, fmt.Sprintf("saved at %d", b.saved))
	}
	return append(parts, fmt.Sprintf("%.1f img/s", s.ImagesPerSecond))
}

// Saved has the bar tell that the run was saved after a step.
func (b *Bar) Saved(step int) {
	if b != nil {
		b.saved = step
	}
}

// Losses writes losses in short: their sum and those of the terms.
func Losses(terms []string, values []float64) (parts []string) {
	s := Step{Losses: values}
	parts = append(parts, "total "+short(s.Total()))
	for i, v := range values {
		parts = append(parts, terms[i]+" "+short(v))
	}
	return parts
}

// Duration writes a time with its two largest units.
func Duration(d time.Duration) string {
	if d = d.Round(time.Second); d >= time.Hour {
		d = d.Round(time.Minute)
		return fmt.Sprintf("%dh%02dm", d/time.Hour, d%time.Hour/time.Minute)
	}
	return d.String()
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
