package train

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/progress"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train"
)

// screen shows the run while it goes: a bar on the terminal and a page.
type screen struct {
	bar  *progress.Bar  // nil if not wanted
	page *progress.Page // nil if not wanted
	data int            // pictures of an epoch
}

// seen returns the pictures of a run that has seen some of an epoch, which count from 0.
func (s *screen) seen(epoch, images int) int { return epoch*s.data + images }

// newScreen opens the page, whose Stop button calls stop, and prints its address.
func newScreen(j *job, style *imageio.Image, steps int, stop func()) (*screen, error) {
	s := &screen{data: j.data.Len()}
	terms, parts := j.trainer.Terms()
	if j.http != "" {
		show := progress.Run{
			Title: filepath.Base(j.out), Steps: steps, Terms: terms, Parts: parts,
			Settings: j.list(), Style: pngOf(style), Test: pngOf(j.test),
		}
		var err error
		if s.page, err = progress.Listen(j.http, show, stop); err != nil {
			return nil, fmt.Errorf("-http: %w", err)
		}
		fmt.Printf("Progress: %s\n", s.page.URL())
	}
	if !j.quiet {
		s.bar = progress.NewBar(os.Stderr, steps, terms)
	}
	return s, nil
}

// recall shows what a resumed run has done before.
func (s *screen) recall(losses *report.Losses, samples []report.Sample, step int) {
	for i, l := range losses.Rows {
		if l.Step <= step {
			values, _ := losses.Of(i)
			s.page.Step(progress.Step{Step: l.Step, Epoch: l.Epoch - 1, Images: s.seen(l.Epoch-1, l.Images), Losses: values})
		}
	}
	for _, p := range samples {
		if p.Step <= step {
			s.page.Sample(p.Step, p.Path)
			s.page.Note(p.Step, p.Note)
		}
	}
}

func (s *screen) step(e *train.StepEvent) {
	p := progress.Step{
		Step: e.Step, Epoch: e.Epoch, Images: s.seen(e.Epoch, e.Images),
		Losses: values(e.Terms), Parts: values(e.Parts), ImagesPerSecond: e.ImagesPerSecond,
	}
	s.bar.Step(p)
	s.page.Step(p)
}

func values(losses []train.Loss) []float64 {
	v := make([]float64, len(losses))
	for i, l := range losses {
		v[i] = l.Value
	}
	return v
}

// log prints a line, but none for every checkpoint, which the folder shows, and no word
// that the end says better. A bar takes the place of the lines about the progress, too.
func (s *screen) log(line string) {
	line = printable.Text(line)
	switch {
	case strings.HasPrefix(line, "Checkpoint saved"), line == finished:
	case s.bar == nil:
		fmt.Println(line)
	case !strings.Contains(line, "  Epoch "):
		s.bar.Println(line)
	}
}

// finished is the last line of the trainer's log.
const finished = "Finished Training"

func (s *screen) end(status string) {
	s.bar.Close()
	s.page.End(status)
}

// close takes the page down.
func (s *screen) close() { _ = s.page.Close() }

// list returns the settings as the page shows them, by the names of the flags.
func (s *settings) list() []progress.Setting {
	b, err := json.Marshal(s)
	if err != nil {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	var list []progress.Setting
	for {
		key, err := d.Token()
		if err != nil {
			return list
		}
		name, ok := key.(string)
		if !ok {
			continue
		}
		var value any
		if d.Decode(&value) != nil {
			return list
		}
		if several, ok := value.([]any); ok {
			value = strings.Trim(fmt.Sprintln(several...), "\n")
		}
		if value != "" {
			list = append(list, progress.Setting{Name: name, Value: fmt.Sprint(value)})
		}
	}
}

func pngOf(m *imageio.Image) []byte {
	var b bytes.Buffer
	if png.Encode(&b, m.NRGBA()) != nil {
		return nil
	}
	return b.Bytes()
}

// stoppable returns a context that ends with ctx or when stop is called, and
// whether the latter came first.
func stoppable(ctx context.Context) (c context.Context, stop func(), stopped func() bool) {
	c, cancel := context.WithCancel(ctx)
	return c, cancel, func() bool { return c.Err() != nil && ctx.Err() == nil }
}
