package studio

import (
	"context"
	"errors"
	"fmt"
	"image/jpeg"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/memory"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/weights"
)

// errBusy says that there are more requests than are answered at the same time.
var errBusy = errors.New("the studio is busy with other requests: try again in a moment")

// bench is the one place where the studio itself computes: one request at a time, a
// few that wait, each of which ends when its browser leaves.
type bench struct {
	lib     *library
	turn    chan struct{} // holds a value while somebody computes
	waiting chan struct{}

	mu     sync.Mutex
	models map[string]*loaded // by path, a few
}

// The bounds of waiting and keeping.
const (
	maxWaiting = 8
	maxModels  = 4
	styleTime  = 2 * time.Minute
)

// loaded is a model as the file was when it was read.
type loaded struct {
	item  item
	dict  statedict.Dict
	model *stylize.Model
	used  time.Time
}

func newBench(l *library) *bench {
	return &bench{lib: l, turn: make(chan struct{}, 1), waiting: make(chan struct{}, maxWaiting), models: map[string]*loaded{}}
}

// take waits for its turn and returns what ends it.
func (b *bench) take(ctx context.Context) (done func(), err error) {
	select {
	case b.waiting <- struct{}{}:
		defer func() { <-b.waiting }()
	default:
		return nil, errBusy
	}
	select {
	case b.turn <- struct{}{}:
		return func() { <-b.turn }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// load returns the model that a page names.
func (b *bench) load(ctx context.Context, name string) (*loaded, error) {
	it, err := b.lib.find(name, kindModel)
	if err != nil {
		return nil, errBad{err}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.models[name]; m != nil && m.item == it {
		m.used = time.Now()
		return m, nil
	}
	dict, err := b.lib.weights(name, weights.WithContext(ctx))
	if err != nil {
		return nil, badf("%s: %w", printable.Name(name), err)
	}
	model, err := stylize.New(dict)
	if err != nil {
		return nil, badf("%s: %w", printable.Name(name), err)
	}
	if len(b.models) == maxModels {
		oldest := ""
		for name, m := range b.models {
			if oldest == "" || m.used.Before(b.models[oldest].used) {
				oldest = name
			}
		}
		delete(b.models, oldest)
	}
	m := &loaded{item: it, dict: dict, model: model, used: time.Now()}
	b.models[name] = m
	return m, nil
}

// look is how a page wants a style applied.
type look struct {
	model     *loaded
	strength  float32
	keepColor bool
	rows      int // of pictures that are higher; 0 for all
	mask      *imageio.Image
}

// look reads the settings of a form.
func (s *studio) look(ctx context.Context, f *form) (l look, err error) {
	if l.model, err = s.bench.load(ctx, f.fields["model"]); err != nil {
		return l, err
	}
	strength, err := f.number("strength", 1, 0, 1)
	if err != nil {
		return l, err
	}
	rows, err := f.number("rows", 0, 0, 8192)
	if err != nil {
		return l, err
	}
	l.strength, l.keepColor, l.rows = float32(strength), f.fields["keep-color"] == "on", int(rows)
	if b, ok := f.pictures["mask"]; ok {
		if l.mask, err = imageio.DecodeBytes(b, pictureOptions()); err != nil {
			return l, badf("the mask: %w", err)
		}
	}
	return l, nil
}

// session returns one with the settings, which stops when ctx does.
func (l *look) session(ctx context.Context) (*stylize.Session, error) {
	budget := int64(stylize.DefaultMemory)
	if free, ok := memory.Free(); ok {
		budget = max(min(budget, free/2), 1)
	}
	session := l.model.model.NewSession(stylize.Memory(budget))
	session.Strength, session.KeepColor = l.strength, l.keepColor
	session.Progress = func(float64) error { return ctx.Err() }
	if err := session.SetMask(l.mask); err != nil {
		session.Close()
		return nil, errBad{err}
	}
	return session, nil
}

// reduced returns m with at most so many rows.
func reduced(m *imageio.Image, rows int) *imageio.Image {
	if rows == 0 || m.H <= rows {
		return m
	}
	return imageio.Resize(m, max(1, m.W*rows/m.H), rows, imageio.Lanczos)
}

// serveStyle styles a picture: PNG, or JPEG for who asks for it, with the milliseconds
// that the network took.
func (s *studio) serveStyle(w http.ResponseWriter, r *http.Request) {
	if !s.token.In(w, r) {
		return
	}
	f, err := s.receive(w, r, false)
	if err != nil {
		refuse(w, err)
		return
	}
	defer f.close()
	ctx, cancel := context.WithTimeout(r.Context(), styleTime)
	defer cancel()
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(styleTime + time.Minute)); err != nil {
		refuse(w, err)
		return
	}
	m, took, err := s.styled(ctx, f)
	if err != nil {
		refuse(w, err)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Milliseconds", strconv.FormatFloat(took.Seconds()*1e3, 'f', 1, 64))
	h.Set("X-Size", fmt.Sprintf("%dx%d", m.W, m.H))
	if f.fields["as"] == "jpeg" {
		h.Set("Content-Type", "image/jpeg")
		_ = jpeg.Encode(w, m.NRGBA(), &jpeg.Options{Quality: 90})
		return
	}
	b, err := pngOf(m)
	if err != nil {
		refuse(w, err)
		return
	}
	h.Set("Content-Type", "image/png")
	_, _ = w.Write(b)
}

// large is the number of pixels of pictures whose memory is given back at once.
const large = 4 << 20

func (s *studio) styled(ctx context.Context, f *form) (m *imageio.Image, took time.Duration, err error) {
	done, err := s.bench.take(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer done()
	l, err := s.look(ctx, f)
	if err != nil {
		return nil, 0, err
	}
	if m, err = s.source(f); err != nil {
		return nil, 0, err
	}
	m = reduced(m, l.rows)
	if m.W*m.H > large {
		defer debug.FreeOSMemory()
	}
	session, err := l.session(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer session.Close()
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	start := time.Now()
	m, err = session.Image(m)
	return m, time.Since(start), err
}

// refuse answers with an error.
func refuse(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var bad errBad
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		status = http.StatusRequestEntityTooLarge
	case errors.As(err, &bad):
		status = http.StatusBadRequest
	case errors.Is(err, errBusy):
		status = http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("it takes more than %v here: choose a smaller size", styleTime)
		status = http.StatusServiceUnavailable
	}
	w.Header().Set("Connection", "close") // what is still being sent is not read
	http.Error(w, printable.Error(err), status)
}
