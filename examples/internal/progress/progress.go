// Package progress shows how training goes: a Bar on the terminal, and a Page for
// a web browser on the same computer.
//
// The Page is made of the files in web, which are part of the program; it loads
// nothing from elsewhere and asks the program for news once per second. Who can
// open it can see the pictures and settings and stop the run, so it is served on
// the loopback interface unless told otherwise, and then asks for a secret that is
// part of the address printed at the start. That is no encryption: who can read the
// traffic can read the secret. Other web sites that the user
// visits can do nothing: requests for foreign host names (DNS rebinding) and those
// that other sites cause are refused, and stopping takes a secret of the page.
package progress

import "time"

// Run describes what is shown, apart from how it goes.
type Run struct {
	Title       string    // such as the name of the style
	Steps       int       // of the whole run
	Terms       []string  // names for Step.Losses
	Parts       []string  // names for Step.Parts
	Settings    []Setting // in the order to show them
	Style, Test []byte    // PNG files of the style and the test picture; may be nil
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
	Images int       // pictures of the epoch seen so far
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
	seconds float64 // per step
	n       int
}

// step notes that a step ended.
func (p *pace) step(now time.Time) {
	if !p.last.IsZero() {
		p.n++
		p.seconds += (now.Sub(p.last).Seconds() - p.seconds) / float64(min(p.n, 50))
	}
	p.last = now
}

// left returns how long the given number of steps will take, or false before that
// can be known.
func (p *pace) left(steps int) (time.Duration, bool) {
	if p.n == 0 {
		return 0, false
	}
	return time.Duration(float64(max(steps, 0)) * p.seconds * float64(time.Second)), true
}
