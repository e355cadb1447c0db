package progress

import (
	"fmt"
	"time"

	"github.com/impasto-go/impasto/examples/internal/loopback"
)

// Page is a running web server with the view of one run. All of its methods may be
// called at any time by any goroutine; none of them but Close waits for a browser. A
// nil Page does nothing.
type Page struct {
	*View
	server *loopback.Server
	linger time.Duration // what browsers get to learn of the end
}

// Listen serves a page at address, as loopback.Listen does. stop is called, once, when
// somebody presses Stop; it should make the run end soon and not wait for that.
func Listen(address string, run Run, stop func()) (*Page, error) {
	v := NewView(run, loopback.NewToken(), stop)
	s, err := loopback.Listen(address, v.Handler(""))
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	return &Page{View: v, server: s, linger: 2 * time.Second}, nil
}

// URL returns the address to open in a browser, with the secret if there is one.
func (p *Page) URL() string {
	if p == nil {
		return ""
	}
	return p.server.URL()
}

// Step shows a finished step. A step before the newest one takes the run back.
func (p *Page) Step(s Step) {
	if p != nil {
		p.View.Step(s)
	}
}

// Sample shows the picture that training made after a number of steps, a PNG file
// at path.
func (p *Page) Sample(step int, path string) {
	if p != nil {
		p.View.Sample(step, path)
	}
}

// Note shows a line with the sample of a step, if there is one.
func (p *Page) Note(step int, line string) {
	if p != nil {
		p.View.Note(step, line)
	}
}

// End tells how the run ended, such as "finished", "stopped" or an error.
func (p *Page) End(status string) {
	if p != nil {
		p.View.End(status)
	}
}

// Close ends the server. After End, a browser that follows the run gets a few
// seconds to learn of it. When Close returns, all is over: no request is being
// answered and none will be.
func (p *Page) Close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	followed := p.ended && time.Since(p.asked) < p.linger+time.Second
	p.mu.Unlock()
	if followed {
		select {
		case <-p.seen:
			p.server.Finish(p.linger)
		case <-time.After(p.linger):
		}
	}
	if err := p.server.Close(); err != nil {
		return fmt.Errorf("progress: %w", err)
	}
	return nil
}
