package progress

import (
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/loopback"
	"github.com/impasto-go/impasto/internal/printable"
)

// View is what browsers are shown of one run. All of its methods may be called at any
// time by any goroutine; none of them waits for a browser.
type View struct {
	run   Run
	token loopback.Token // what stopping takes
	stop  func()         // nil where the run cannot be stopped
	id    string         // tells the runs at one address apart

	mu      sync.Mutex // held for moments only, never while writing to a browser
	history *history
	newest  Step
	pace    pace
	samples []sample
	status  string
	ended   bool
	asked   time.Time     // when a browser last asked for news
	seen    chan struct{} // closed when one has got the end
}

// sample is a picture in a file.
type sample struct {
	step int
	path string
	note string
}

// maxSamples bounds the list of samples; of more, every second one goes.
const maxSamples = 1000

// NewView returns the view of a run that stop ends, for pages that hold token; stop is
// nil for one that cannot be stopped from here.
func NewView(run Run, token loopback.Token, stop func()) *View {
	run.Title, run.Settings = printable.Text(run.Title), slices.Clone(run.Settings)
	for i := range run.Settings {
		run.Settings[i].Value = printable.Text(run.Settings[i].Value)
	}
	if stop != nil {
		stop = sync.OnceFunc(stop)
	}
	return &View{
		run: run, stop: stop, token: token, id: rand.Text(), seen: make(chan struct{}),
		history: newHistory(len(run.Terms) + len(run.Parts)), status: statusTraining,
	}
}

// Step shows a finished step. A step before the newest one takes the run back.
func (v *View) Step(s Step) {
	values := slices.Concat(s.Losses, s.Parts)
	s.Losses, s.Parts = values[:len(s.Losses)], values[len(s.Losses):]
	v.mu.Lock()
	defer v.mu.Unlock()
	v.history.add(s.Step, values...)
	v.newest = s
	if s.ImagesPerSecond > 0 {
		v.pace.step(time.Now(), s.Step)
	}
}

// Sample shows the picture that training made after a number of steps, a PNG file
// at path, which Run.Open opens when a browser wants it.
func (v *View) Sample(step int, path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	// A run that goes back makes the later samples again.
	v.samples = slices.DeleteFunc(v.samples, func(s sample) bool { return s.step >= step })
	v.samples = append(v.samples, sample{step: step, path: path})
	if len(v.samples) > maxSamples {
		for i := range maxSamples / 2 {
			v.samples[i] = v.samples[2*i+1]
		}
		v.samples = append(v.samples[:maxSamples/2], v.samples[maxSamples:]...)
	}
}

// Note shows a line with the sample of a step, if there is one.
func (v *View) Note(step int, line string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for i := range v.samples {
		if v.samples[i].step == step {
			v.samples[i].note = printable.Line(line)
		}
	}
}

// The states of a run that are not its end.
const (
	statusTraining = "training"
	statusStopping = "stopping"
)

// End tells how the run ended, such as "finished", "stopped" or an error.
func (v *View) End(status string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.status, v.ended = printable.Line(status), true
}
