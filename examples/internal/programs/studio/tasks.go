package studio

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/impasto-go/impasto/internal/printable"
)

// tasks are what takes longer than a request: styling a clip, measuring flicker,
// making a card. A task ends when no browser has asked for it for a while.
type tasks struct {
	bench *bench

	mu    sync.Mutex
	all   []*task // in order of their start
	group sync.WaitGroup
}

// The bounds of tasks.
const (
	maxTasks   = 6
	taskTime   = 15 * time.Minute
	unasked    = 90 * time.Second // until a task that nobody asks for ends: hidden pages ask once a minute
	maxResults = 64 << 20         // bytes of a task's files in memory
)

// task is one of them.
type task struct {
	id     string
	cancel context.CancelFunc

	mu     sync.Mutex
	note   string // what it is doing
	done   float64
	ended  bool
	err    error
	result any
	files  map[string]taskFile
	size   int
	asked  time.Time
}

// taskFile is a result, in memory or, if path is set, in a file.
type taskFile struct {
	kind string // MIME type
	data []byte
	path string
}

// progress says what the task is doing, and how much of it is done.
func (t *task) progress(note string, done float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.note, t.done = note, done
}

// keep adds a file to the result.
func (t *task) keep(name string, f taskFile) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.size += len(f.data); t.size > maxResults {
		return fmt.Errorf("the result takes more than %d MB: choose less", maxResults>>20)
	}
	t.files[name] = f
	return nil
}

// drop forgets the results.
func (t *task) drop() {
	t.cancel()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.files {
		if f.path != "" {
			os.Remove(f.path)
		}
	}
	t.files = nil
}

// start begins a task, which gets its turn at the bench. The oldest that has ended
// goes for it.
func (ts *tasks) start(work func(ctx context.Context, t *task) (any, error)) (*task, error) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if len(ts.all) == maxTasks {
		i := 0
		for i < len(ts.all) && !ts.all[i].over() {
			i++
		}
		if i == len(ts.all) {
			return nil, errBusy
		}
		ts.all[i].drop()
		ts.all = append(ts.all[:i], ts.all[i+1:]...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), taskTime)
	t := &task{id: rand.Text(), cancel: cancel, asked: time.Now(), files: map[string]taskFile{}, note: "waiting for others"}
	ts.all = append(ts.all, t)
	ts.group.Go(func() { t.watch(ctx) })
	ts.group.Go(func() {
		defer cancel()
		done, err := ts.bench.take(ctx)
		var result any
		if err == nil {
			result, err = work(ctx, t)
			done()
		}
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ended, t.result, t.err = true, result, err
	})
	return t, nil
}

// watch ends the task when nobody has asked for it for a while.
func (t *task) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Second):
		}
		t.mu.Lock()
		left := time.Since(t.asked) > unasked
		t.mu.Unlock()
		if left {
			t.cancel()
		}
	}
}

func (t *task) over() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ended
}

// close ends all tasks and waits for them.
func (ts *tasks) close() {
	ts.mu.Lock()
	for _, t := range ts.all {
		t.cancel()
	}
	ts.mu.Unlock()
	ts.group.Wait()
	for _, t := range ts.all {
		t.drop()
	}
}

func (ts *tasks) find(id string) *task {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for _, t := range ts.all {
		if t.id == id {
			return t
		}
	}
	return nil
}

// serve answers how a task goes.
func (ts *tasks) serve(w http.ResponseWriter, r *http.Request) {
	t := ts.find(r.PathValue("id"))
	if t == nil {
		http.NotFound(w, r)
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = time.Now()
	answer := struct {
		Note   string  `json:"note"`
		Done   float64 `json:"done"` // 0 to 1
		Ended  bool    `json:"ended"`
		Error  string  `json:"error,omitempty"`
		Result any     `json:"result,omitempty"`
	}{t.note, t.done, t.ended, "", t.result}
	switch {
	case errors.Is(t.err, context.Canceled):
		answer.Error = "canceled"
	case errors.Is(t.err, context.DeadlineExceeded):
		answer.Error = fmt.Sprintf("it took more than %v: choose less", taskTime)
	case t.err != nil:
		answer.Error = printable.Error(t.err)
	}
	sendJSON(w, answer)
}

// strangers is the policy of pages that are shown but not the studio's own.
const strangers = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; frame-ancestors 'none'"

// serveFile answers with a result.
func (ts *tasks) serveFile(w http.ResponseWriter, r *http.Request) {
	t := ts.find(r.PathValue("id"))
	if t == nil {
		http.NotFound(w, r)
		return
	}
	t.mu.Lock()
	f, ok := t.files[r.PathValue("name")]
	t.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	if strings.HasPrefix(f.kind, "text/html") { // as of a stranger: it cannot reach the studio
		w.Header().Set("Content-Security-Policy", "sandbox allow-scripts; "+strangers)
	}
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Cache-Control", "no-store")
	if f.path == "" {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.data))
		return
	}
	file, err := os.Open(f.path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer file.Close()
	http.ServeContent(w, r, "", time.Time{}, file)
}

// serveCancel ends a task.
func (s *studio) serveCancel(w http.ResponseWriter, r *http.Request) {
	if !s.token.In(w, r) {
		return
	}
	if t := s.tasks.find(r.PathValue("id")); t != nil {
		t.cancel()
	}
	w.WriteHeader(http.StatusNoContent)
}

// serveTask starts a task with what the page sends and answers with its id. work takes
// the form over.
func (s *studio) serveTask(work func(ctx context.Context, t *task, f *form) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.token.In(w, r) {
			return
		}
		f, err := s.receive(w, r, true)
		if err != nil {
			refuse(w, err)
			return
		}
		t, err := s.tasks.start(func(ctx context.Context, t *task) (any, error) {
			defer f.close()
			return work(ctx, t, f)
		})
		if err != nil {
			f.close()
			refuse(w, err)
			return
		}
		sendJSON(w, map[string]string{"id": t.id})
	}
}
