package studio

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/loopback"
	"github.com/impasto-go/impasto/examples/internal/progress"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/printable"
)

// runs are the runs of the opened folder, each with a view that is brought up to date
// when a browser asks.
type runs struct {
	lib   *library
	token loopback.Token
	nav   template.HTML

	mu    sync.Mutex
	known map[string]*run // by id
}

// runID names a run in addresses.
func runID(path string) string {
	sum := sha256.Sum256([]byte(path))
	return hex.EncodeToString(sum[:6])
}

// all returns the runs, the latest first.
func (rs *runs) all() []*run {
	var found []*run
	rs.mu.Lock()
	defer rs.mu.Unlock()
	for _, it := range rs.lib.list() {
		if it.Kind != kindRun {
			continue
		}
		id := runID(it.Path)
		if rs.known[id] == nil {
			rs.known[id] = &run{id: id, path: it.Path, lib: rs.lib, token: rs.token, nav: rs.nav}
		}
		found = append(found, rs.known[id])
	}
	return found
}

func (rs *runs) find(id string) *run {
	for _, r := range rs.all() {
		if r.id == id {
			return r
		}
	}
	return nil
}

// run follows the files of a run's folder, whoever writes them.
type run struct {
	id    string
	path  string // below the opened folder
	lib   *library
	token loopback.Token
	nav   template.HTML

	mu       sync.Mutex
	looked   time.Time
	record   *report.Run
	written  time.Time // run.json
	settings map[string]any
	view     *progress.View // nil before there is a run.json
	handler  http.Handler
	losses   follower
	seen     report.Seen
	layers   *report.Layers
	tables   map[string]time.Time // when those beside the losses were written
	samples  map[string]bool      // files that are shown
	newest   int                  // step of the last sample
	sample   string               // its file
	failed   string               // what is wrong with the folder
}

// refreshEvery keeps many browsers from reading the same files again.
const refreshEvery = 500 * time.Millisecond

// quietAfter is how long a run that has not ended may be silent before it is taken for
// one that was killed.
const quietAfter = 2 * time.Minute

// refresh reads what is new.
func (r *run) refresh() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if time.Since(r.looked) < refreshEvery {
		return
	}
	r.looked = time.Now()
	if err := r.update(); err != nil {
		r.failed = printable.Error(err)
		return
	}
	r.failed = ""
}

func (r *run) file(name string) string { return path.Join(r.path, name) }

func (r *run) update() error {
	info, err := r.lib.root.Stat(filepath.FromSlash(r.file("run.json")))
	if err != nil {
		return err
	}
	if r.record == nil || !info.ModTime().Equal(r.written) {
		b, err := r.lib.read(r.file("run.json"), maxRunFile)
		if err != nil {
			return err
		}
		settings := map[string]any{}
		record, err := report.ParseRun(b, nil)
		if err == nil {
			err = json.Unmarshal(record.Settings, &settings)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", r.file("run.json"), err)
		}
		if r.record != nil && !record.Started.Equal(r.record.Started) {
			r.view = nil // another run in the same folder, or a resumed one
		}
		r.record, r.settings, r.written = record, settings, info.ModTime()
	}
	r.readLayers()
	if r.view == nil {
		r.begin()
	}
	rows, err := r.losses.next(r.lib)
	if errors.Is(err, errOther) {
		r.begin()
		rows, err = r.losses.next(r.lib)
	}
	if err != nil {
		return err
	}
	r.show(rows)
	r.findSamples()
	r.readFlicker()
	if r.record.Outcome != "" {
		r.view.End(r.record.Outcome)
	} else if s := r.status(); s != statusTraining {
		r.view.End(s)
	}
	return nil
}

const (
	maxRunFile     = 1 << 20
	statusTraining = "training"
	statusSilent   = "no news: ended without a word?"
)

func (r *run) status() string {
	switch {
	case r.failed != "":
		return r.failed
	case r.record == nil:
		return "empty"
	case r.record.Outcome != "":
		return r.record.Outcome
	case time.Since(r.losses.changed) > quietAfter && time.Since(r.written) > quietAfter:
		return statusSilent
	}
	return statusTraining
}

// begin makes a fresh view.
func (r *run) begin() {
	r.seen = report.Seen{}
	r.losses = follow(r.lib, r.file("losses.csv"))
	delete(r.tables, "flicker.csv")
	show := progress.Run{Title: r.path, Terms: r.losses.terms, Parts: r.layers.Names, Steps: r.total(), Settings: r.list(), Open: r.lib.open}
	show.Style = r.still("style.png", r.text("style"))
	show.Test = r.still("test.png", r.text("test"))
	r.view = progress.NewView(show, r.token, nil)
	r.handler = r.view.Handler(r.nav)
	r.samples, r.newest, r.sample = map[string]bool{}, 0, ""
}

// total returns the steps that the run is to have, 0 if that is unknown.
func (r *run) total() int {
	if r.record.Outcome == "finished" {
		return r.record.Steps
	}
	n, _ := r.settings["steps"].(float64)
	return int(min(max(n, 0), 1<<30))
}

func (r *run) text(setting string) string {
	s, _ := r.settings[setting].(string)
	return s
}

// list returns the settings in the order of the file.
func (r *run) list() (list []progress.Setting) {
	d := json.NewDecoder(bytes.NewReader(r.record.Settings))
	_, _ = d.Token()
	for d.More() && len(list) < 200 {
		name, err := d.Token()
		var value any
		if err != nil || d.Decode(&value) != nil {
			break
		}
		if value != "" {
			list = append(list, progress.Setting{Name: fmt.Sprint(name), Value: fmt.Sprint(value)})
		}
	}
	h := r.record.Host
	return append(list, progress.Setting{Name: "computed on", Value: strings.TrimSpace(h.CPU + " " + h.Device)},
		progress.Setting{Name: "started", Value: r.record.Started.Format(time.DateTime)})
}

// still returns a picture of the run as PNG: the file of that name in its folder, or
// the one that a setting names if it is in the opened folder.
func (r *run) still(name, setting string) []byte {
	for _, file := range []string{r.file(name), r.lib.inside(setting)} {
		if file == "" {
			continue
		}
		m, err := r.lib.picture(file)
		if err != nil {
			continue
		}
		if b, err := pngOf(fitted(m, 1600)); err == nil {
			return b
		}
	}
	return nil
}

// show hands rows to the view. Where some are new of a run that goes on, their time
// tells its speed.
func (r *run) show(rows *report.Losses) {
	if rows == nil {
		return
	}
	for i, row := range rows.Rows {
		terms, _ := rows.Of(i)
		s := progress.Step{Step: row.Step, Epoch: row.Epoch - 1, Images: r.seen.After(row), Losses: terms, Parts: r.layers.At(row.Step)}
		if i == len(rows.Rows)-1 && r.record.Outcome == "" {
			if took := time.Since(r.record.Started).Seconds(); took > 1 {
				s.ImagesPerSecond = float64(s.Images) / took
			}
		}
		r.view.Step(s)
	}
}

// maxTable bounds the tables beside the losses.
const maxTable = 32 << 20

// table returns the content of a table that has changed since the last look, or nil.
func (r *run) table(name string) []byte {
	info, err := r.lib.root.Stat(filepath.FromSlash(r.file(name)))
	if err != nil || info.ModTime().Equal(r.tables[name]) {
		return nil
	}
	if r.tables == nil {
		r.tables = map[string]time.Time{}
	}
	r.tables[name] = info.ModTime()
	b, err := r.lib.read(r.file(name), maxTable)
	if err != nil {
		return nil
	}
	return b
}

// readLayers takes the losses of single layers, which are written now and then. The
// steps that they belong to are shown again then.
func (r *run) readLayers() {
	if r.layers == nil {
		r.layers = &report.Layers{}
	}
	l, err := report.ParseLayers(bytes.NewReader(r.table("layers.csv")))
	if err != nil { // nothing new, or no such table
		return
	}
	if !slices.Equal(l.Names, r.layers.Names) {
		r.view = nil
	}
	r.layers = l
	r.losses.again()
}

// readFlicker shows how still the style was at each sample.
func (r *run) readFlicker() {
	f, err := report.ParseFlicker(bytes.NewReader(r.table("flicker.csv")))
	if err != nil {
		return
	}
	for _, g := range f {
		r.view.Note(g.Step, f.Of(g.Step))
	}
}

// findSamples shows the sample pictures that are new. Their names count the batches of
// an epoch, the table tells how many these are.
func (r *run) findSamples() {
	f, err := r.lib.root.Open(filepath.FromSlash(r.path))
	if err != nil {
		return
	}
	names, _ := f.Readdirnames(maxInOne)
	f.Close()
	type sample struct {
		step int
		name string
	}
	var found []sample
	for _, name := range names {
		var epoch, batch int
		if r.samples[name] || !strings.HasSuffix(name, ".png") {
			continue
		}
		if _, err := fmt.Sscanf(name, "ckpt_epoch_%d_batch_id_%d.png", &epoch, &batch); err == nil && epoch >= 0 && batch >= 0 && epoch < 1<<20 {
			found = append(found, sample{epoch*r.losses.perEpoch + batch, name})
		}
	}
	slices.SortFunc(found, func(a, b sample) int { return a.step - b.step })
	if final := "final.png"; r.record.Steps > r.newest && slices.Contains(names, final) && !r.samples[final] {
		found = append(found, sample{r.record.Steps, final})
	}
	for _, s := range found {
		if s.step < r.newest { // the view would forget those after it
			continue
		}
		r.view.Sample(s.step, r.file(s.name))
		r.samples[s.name], r.newest, r.sample = true, s.step, r.file(s.name)
	}
}

// summary is a run in the list of runs.
type summary struct {
	ID      string                   `json:"id"`
	Path    string                   `json:"path"`
	Status  string                   `json:"status"`
	Ended   bool                     `json:"ended"`
	Started time.Time                `json:"started"`
	Steps   int                      `json:"steps"`
	Total   int                      `json:"total"`
	Losses  map[string]report.Number `json:"losses"`
	Style   string                   `json:"style"`
	Sample  int                      `json:"sample"` // step of the newest, 0 without
	Model   string                   `json:"model"`  // path of the weights, if they are there
}

func (r *run) summary() summary {
	r.refresh()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := summary{ID: r.id, Path: r.path, Status: printable.Line(r.status()), Sample: r.newest}
	s.Ended = s.Status != statusTraining
	if r.record == nil {
		return s
	}
	s.Started, s.Steps, s.Total, s.Losses = r.record.Started, max(r.record.Steps, r.losses.last), r.total(), r.record.Losses
	if name := r.text("style"); name != "" {
		s.Style = printable.Line(filepath.Base(name))
	}
	if s.Losses == nil {
		s.Losses = r.losses.newest
	}
	if info, err := r.lib.root.Stat(filepath.FromSlash(r.file("final.pth"))); err == nil && info.Mode().IsRegular() {
		s.Model = r.file("final.pth")
	}
	return s
}

// ServeHTTP answers as the run's page.
func (r *run) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.refresh()
	r.mu.Lock()
	h, failed := r.handler, r.failed
	r.mu.Unlock()
	if h == nil {
		http.Error(w, "this run cannot be shown: "+failed, http.StatusNotFound)
		return
	}
	h.ServeHTTP(w, req)
}
