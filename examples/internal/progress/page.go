package progress

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/impasto-go/impasto/internal/printable"
)

// Page is a running web server for one run. All of its methods may be called at
// any time by any goroutine; none of them but Close waits for a browser. A nil
// Page does nothing.
type Page struct {
	run    Run
	stop   func()
	token  string // what stopping takes
	id     string // tells the runs at one address apart
	url    string
	server *http.Server
	served chan struct{}  // closed when no connection is accepted any more
	open   sync.WaitGroup // of connections

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

// The limits of the server. Each connection is closed when it is too slow, or when
// others come that behave better (crowd).
const (
	maxConnections = 64
	readTimeout    = 10 * time.Second
	writeTimeout   = 30 * time.Second
	idleTimeout    = 60 * time.Second
	maxHeaderBytes = 16 << 10
)

// Listen serves a page at address, "host:port". Without a host it takes localhost;
// naming another one, such as 0.0.0.0, opens the page to the network on purpose, for
// those who are given the secret that its URL then holds.
// Port 0 takes a free one. stop is called, once, when somebody presses Stop; it
// should make the run end soon and not wait for that.
func Listen(address string, run Run, stop func()) (*Page, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("progress: address %q: want host:port such as localhost:8080", address)
	}
	if host == "" {
		host = "localhost"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	run.Title, run.Settings = printable.Text(run.Title), slices.Clone(run.Settings)
	for i := range run.Settings {
		run.Settings[i].Value = printable.Text(run.Settings[i].Value)
	}
	p := &Page{
		run: run, stop: sync.OnceFunc(stop), token: rand.Text(), id: rand.Text(),
		served: make(chan struct{}), seen: make(chan struct{}),
		history: newHistory(len(run.Terms) + len(run.Parts)), status: statusTraining,
	}
	own := newHosts(host, l.Addr().(*net.TCPAddr))
	p.url = own.url()
	secret := ""
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		secret = rand.Text()
		p.url += "?" + secretParameter + "=" + secret
	}
	p.server = &http.Server{
		Handler: guard(own, secret, p.routes()), ConnState: p.count, ConnContext: withGuest,
		ReadHeaderTimeout: readTimeout, ReadTimeout: readTimeout,
		WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: log.New(io.Discard, "", 0), // faults of browsers are none of the user's
	}
	go func() {
		defer close(p.served)
		_ = p.server.Serve(newCrowd(l, maxConnections)) // ends with Close
	}()
	return p, nil
}

// URL returns the address to open in a browser, with the secret if there is one.
func (p *Page) URL() string {
	if p == nil {
		return ""
	}
	return p.url
}

// Step shows a finished step. A step before the newest one takes the run back.
func (p *Page) Step(s Step) {
	if p == nil {
		return
	}
	values := slices.Concat(s.Losses, s.Parts)
	s.Losses, s.Parts = values[:len(s.Losses)], values[len(s.Losses):]
	p.mu.Lock()
	defer p.mu.Unlock()
	p.history.add(s.Step, values...)
	p.newest = s
	if s.ImagesPerSecond > 0 {
		p.pace.step(time.Now())
	}
}

// Sample shows the picture that training made after a number of steps, a PNG file
// at path. The file is read when a browser wants it.
func (p *Page) Sample(step int, path string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	// A run that goes back makes the later samples again.
	p.samples = slices.DeleteFunc(p.samples, func(s sample) bool { return s.step >= step })
	p.samples = append(p.samples, sample{step: step, path: path})
	if len(p.samples) > maxSamples {
		for i := range maxSamples / 2 {
			p.samples[i] = p.samples[2*i+1]
		}
		p.samples = append(p.samples[:maxSamples/2], p.samples[maxSamples:]...)
	}
}

// Note shows a line with the sample of a step, if there is one.
func (p *Page) Note(step int, line string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.samples {
		if p.samples[i].step == step {
			p.samples[i].note = printable.Line(line)
		}
	}
}

// The states of a run that are not its end.
const (
	statusTraining = "training"
	statusStopping = "stopping"
)

// End tells how the run ended, such as "finished", "stopped" or an error.
func (p *Page) End(status string) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.ended = printable.Line(status), true
}

// Close ends the server. After End, a browser that follows the run gets two
// seconds to learn of it. When Close returns, all is over: no request is being
// answered and none will be.
func (p *Page) Close() error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	followed := p.ended && time.Since(p.asked) < 3*time.Second
	p.mu.Unlock()
	if followed {
		select {
		case <-p.seen:
			p.finishAnswers()
		case <-time.After(2 * time.Second):
		}
	}
	err := p.server.Close()
	<-p.served
	p.open.Wait()
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("progress: %w", err)
	}
	return nil
}

// count lets Close wait until every connection is closed and forgotten.
func (p *Page) count(c net.Conn, s http.ConnState) {
	switch s {
	case http.StateNew:
		p.open.Add(1)
	case http.StateClosed:
		p.open.Done()
	}
}

// finishAnswers lets what is being sent arrive.
func (p *Page) finishAnswers() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = p.server.Shutdown(ctx) // Close does the rest
}
