package stylize

import "sync"

// Latest runs a session beside a loop that must not wait for it, such as a
// game's: frames go in as they are drawn, the newest one finished is there to be
// shown, and frames that come while another is in the works replace each other.
// All methods may be called from any goroutine.
type Latest struct {
	session *Session
	wake    sync.Cond // on mu; waits for next or closed
	mu      sync.Mutex
	next    frame // waits for the session; empty if width is 0
	done    frame // newest result
	fresh   bool  // done was not fetched yet
	err     error
	closed  bool
	ended   chan struct{}
}

type frame struct {
	pix           []byte
	width, height int
}

// NewLatest starts a goroutine that owns session until Close.
func NewLatest(session *Session) *Latest {
	l := &Latest{session: session, ended: make(chan struct{})}
	l.wake.L = &l.mu
	go l.loop()
	return l
}

// Submit copies a frame as StylizeRGBA takes it, and returns at once.
func (l *Latest) Submit(src []byte, width, height, stride int) error {
	p, err := pictureOfRGBA(src, width, height, stride)
	if err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next.resize(width, height)
	for y := range p.h {
		copy(l.next.pix[4*p.w*y:4*p.w*(y+1)], p.rgb[y*p.stride:])
	}
	l.wake.Signal()
	return l.err
}

// Fetch copies the newest stylized frame to dst, rows of 4*width bytes without
// gaps, and reports its size. fresh is false if there is none that an earlier
// call has not fetched already, or if dst is too short for it; dst is then left
// alone. An error of the session is returned by every later call.
func (l *Latest) Fetch(dst []byte) (width, height int, fresh bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	width, height = l.done.width, l.done.height
	if l.fresh && len(dst) >= len(l.done.pix) {
		copy(dst, l.done.pix)
		l.fresh, fresh = false, true
	}
	return width, height, fresh, l.err
}

// Close waits for the frame in the works and ends the goroutine. The session is
// the caller's again.
func (l *Latest) Close() {
	l.mu.Lock()
	l.closed = true
	l.wake.Signal()
	l.mu.Unlock()
	<-l.ended
}

func (l *Latest) loop() {
	defer close(l.ended)
	var work frame
	for {
		l.mu.Lock()
		for l.next.width == 0 && !l.closed {
			l.wake.Wait()
		}
		if l.closed {
			l.mu.Unlock()
			return
		}
		l.next, work = work, l.next
		l.next.width = 0
		l.mu.Unlock()

		err := l.session.StylizeRGBA(work.pix, work.pix, work.width, work.height, 4*work.width)

		l.mu.Lock()
		if err != nil {
			l.err = err
		} else {
			l.done, work = work, l.done
			l.fresh = true
		}
		l.mu.Unlock()
	}
}

func (f *frame) resize(width, height int) {
	f.width, f.height = width, height
	if n := 4 * width * height; cap(f.pix) < n {
		f.pix = make([]byte, n)
	} else {
		f.pix = f.pix[:n]
	}
}
