package stylize

import (
	"fmt"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// progress shows on stderr how much is done and how long the rest will take: as a
// bar on a terminal, elsewhere as a line every ten seconds.
type progress struct {
	what         string
	total        int
	bar          *progressbar.ProgressBar // nil elsewhere
	start, spoke time.Time
}

// newProgress counts up to total, which is -1 if it is not known.
func newProgress(what string, total int) *progress {
	p := &progress{what: what, total: total, start: time.Now(), spoke: time.Now()}
	if term.IsTerminal(int(os.Stderr.Fd())) {
		p.bar = progressbar.NewOptions(total,
			progressbar.OptionSetWriter(os.Stderr),
			progressbar.OptionSetDescription(what),
			progressbar.OptionShowCount(),
			progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond))
	}
	return p
}

// set says that done are done.
func (p *progress) set(done int) {
	if p.bar != nil {
		_ = p.bar.Set(done) // a bar that cannot be drawn stops nothing
		return
	}
	if time.Since(p.spoke) < 10*time.Second {
		return
	}
	p.spoke = time.Now()
	line := fmt.Sprintf("%s %d", p.what, done)
	if 0 < done && done <= p.total {
		rest := time.Since(p.start) * time.Duration(p.total-done) / time.Duration(done)
		line += fmt.Sprintf(" of %d, %v left", p.total, rest.Round(time.Second))
	}
	cli.Note(line)
}

// clear wipes the bar, for other output; the next set draws it again.
func (p *progress) clear() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}
