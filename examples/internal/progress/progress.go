// Package progress shows how training goes: a Bar on the terminal, and a Page for
// a web browser on the same computer.
//
// The Page is a View of one run on a server of its own (package loopback). It is made
// of the files in web, which are part of the program; it loads nothing from elsewhere
// and asks the program for news once per second.
package progress

import (
	"os"
	"time"
)

// Run describes what is shown, apart from how it goes.
type Run struct {
	Title       string    // such as the name of the style
	Steps       int       // of the whole run; 0 if unknown
	Terms       []string  // names for Step.Losses
	Parts       []string  // names for Step.Parts
	Settings    []Setting // in the order to show them
	Style, Test []byte    // PNG files of the style and the test picture; may be nil

	// Open opens the file of a sample; nil stands for os.Open.
	Open func(path string) (*os.File, error)
}

// Setting is a line in the list of settings.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Step is what is known after a step of training.
type Step struct {
	Step   int       // done so far
	Epoch  int       // from 0
	Images int       // pictures seen so far
	Losses []float64 // the terms
	Parts  []float64 // of which some are the sums; may be nil

	// ImagesPerSecond is the speed. 0 stands for a step of an earlier session that
	// this one continues: it belongs to the curves but not to estimates.
	ImagesPerSecond float64
}

// Total returns the sum of the losses.
func (s *Step) Total() (total float64) {
	for _, l := range s.Losses {
		total += l
	}
	return total
}

// pace estimates how long steps take: the mean at first, later the exponential
// mean of about the last 50.
type pace struct {
	last    time.Time
	at      int     // the step that ended then
	seconds float64 // per step
	n       int
}

// step notes that a step ended, the first of which nothing is known or one after it.
func (p *pace) step(now time.Time, step int) {
	if n := step - p.at; !p.last.IsZero() && n > 0 {
		p.n++
		p.seconds += (now.Sub(p.last).Seconds()/float64(n) - p.seconds) / float64(min(p.n, 50))
	}
	p.last, p.at = now, step
}

// left returns how long the given number of steps will take, or false before that
// can be known.
func (p *pace) left(steps int) (time.Duration, bool) {
	if p.n == 0 {
		return 0, false
	}
	return time.Duration(float64(max(steps, 0)) * p.seconds * float64(time.Second)), true
}
