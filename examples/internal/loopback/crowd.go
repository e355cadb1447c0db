package loopback

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// crowd is a listener that keeps room for a browser, however many others want in: of
// maxConnections, one that has to go for the next is the one that came first of
// those that have not sent a proper request, or else the one whose last was longest
// ago. It lets in acceptRate connections per second, lest those that come back at
// once take the processor from the training, and at first acceptBurst.
type crowd struct {
	net.Listener
	most   int
	wait   func(time.Duration)
	opened float64 // connections let in and not yet paid for by the time that passed
	paid   time.Time

	mu    sync.Mutex
	order []*guest // those who are to go first
}

const (
	acceptRate  = 100 // per second
	acceptBurst = 64
)

func newCrowd(l net.Listener, most int) *crowd {
	return &crowd{Listener: l, most: most, wait: time.Sleep, paid: time.Now()}
}

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c.slow(time.Now())
	g := &guest{Conn: conn, crowd: c}
	c.mu.Lock()
	var gone *guest
	if len(c.order) == c.most {
		gone, c.order = c.order[0], c.order[1:]
	}
	c.order = append(c.order, nil)
	at := slices.IndexFunc(c.order, func(g *guest) bool { return g == nil || g.proper })
	copy(c.order[at+1:], c.order[at:])
	c.order[at] = g
	c.mu.Unlock()
	if gone != nil {
		gone.Conn.Close()
	}
	return g, nil
}

// slow waits until one more connection is within the rate.
func (c *crowd) slow(now time.Time) {
	c.opened = max(0, c.opened-now.Sub(c.paid).Seconds()*acceptRate) + 1
	c.paid = now
	if over := c.opened - acceptBurst; over > 0 {
		c.wait(time.Duration(over / acceptRate * float64(time.Second)))
	}
}

// guest is a connection.
type guest struct {
	net.Conn
	crowd  *crowd
	proper bool // it has sent a proper request; guarded by crowd.mu
}

// Close implements net.Conn.
func (g *guest) Close() error {
	g.crowd.mu.Lock()
	g.crowd.order = slices.DeleteFunc(g.crowd.order, func(other *guest) bool { return other == g })
	g.crowd.mu.Unlock()
	return g.Conn.Close()
}

// behave makes g the last to go.
func (g *guest) behave() {
	c := g.crowd
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := slices.Index(c.order, g); at >= 0 {
		g.proper = true
		c.order = append(slices.Delete(c.order, at, at+1), g)
	}
}

// guestKey is the key of a request's guest in its context.
type guestKey struct{}

func withGuest(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, guestKey{}, c)
}

// behaved notes that r is a proper request.
func behaved(r *http.Request) {
	if g, ok := r.Context().Value(guestKey{}).(*guest); ok {
		g.behave()
	}
}
