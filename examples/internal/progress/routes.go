package progress

import (
	"bytes"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"html/template"
	"net/http"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

//go:embed web
var web embed.FS

var index = template.Must(template.ParseFS(web, "web/index.html"))

// routes returns what the server answers. Other paths are not found, other methods
// not allowed. Paths never become names of files: pictures are known by number.
func (p *Page) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", p.serveIndex)
	for _, name := range []string{"page.js", "chart.js", "style.css", "icon.svg"} {
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, web, "web/"+name)
		})
	}
	mux.HandleFunc("GET /run.json", p.serveRun)
	mux.HandleFunc("GET /state.json", p.serveState)
	mux.HandleFunc("GET /style.png", servePNG(p.run.Style))
	mux.HandleFunc("GET /test.png", servePNG(p.run.Test))
	mux.HandleFunc("GET /samples/{name}", p.serveSample)
	mux.HandleFunc("POST /stop", p.serveStop)
	return mux
}

func (p *Page) serveIndex(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = index.Execute(w, struct{ Title, Token string }{p.run.Title, p.token})
}

// serveRun answers with what does not change.
func (p *Page) serveRun(w http.ResponseWriter, r *http.Request) {
	b, err := json.Marshal(struct {
		ID       string    `json:"id"`
		Steps    int       `json:"steps"`
		Series   []string  `json:"series"` // the names of the values in a point
		Terms    int       `json:"terms"`  // how many of these sum up to the total
		Settings []Setting `json:"settings"`
		Style    bool      `json:"style"`
		Test     bool      `json:"test"`
	}{
		p.id, p.run.Steps, append(append([]string{}, p.run.Terms...), p.run.Parts...), len(p.run.Terms),
		append([]Setting{}, p.run.Settings...), p.run.Style != nil, p.run.Test != nil,
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	sendJSON(w, b)
}

// state is the news, to which serveState adds the points.
type state struct {
	ID      string   `json:"id"`
	Status  string   `json:"status"`
	Ended   bool     `json:"ended"`
	Step    int      `json:"step"`
	Epoch   int      `json:"epoch"`
	Images  int      `json:"images"`
	Speed   number   `json:"speed"`
	Left    *float64 `json:"left"`    // seconds; null if not known
	Values  []number `json:"values"`  // of the newest step, as in a point
	Samples []int    `json:"samples"` // the steps after which they were made
	Notes   []string `json:"notes"`   // to each of the samples
	Version int64    `json:"version"` // of the points
}

// serveState answers with the news, and with the points after the step "after" if
// the browser has the others in their present version. It takes little time even
// for all of the points, lest those who ask compete with the training.
func (p *Page) serveState(w http.ResponseWriter, r *http.Request) {
	version, errVersion := strconv.ParseInt(r.FormValue("version"), 10, 64)
	after, errAfter := strconv.Atoi(r.FormValue("after"))
	s, points := p.state()
	if errVersion == nil && errAfter == nil && version == s.Version {
		points = points[sort.Search(len(points), func(i int) bool { return points[i].step > after }):]
	}
	b, err := json.Marshal(s)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	b = append(b[:len(b)-1], `,"points":`...)
	b = append(appendPoints(b, points), '}')
	sendJSON(w, b)
	if s.Ended {
		p.sawEnd()
	}
}

func (p *Page) state() (state, []point) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = time.Now()
	s := state{
		ID: p.id, Status: p.status, Ended: p.ended,
		Step: p.newest.Step, Epoch: p.newest.Epoch, Images: p.newest.Images, Speed: number(p.newest.ImagesPerSecond),
		Samples: make([]int, len(p.samples)), Notes: make([]string, len(p.samples)), Version: p.history.version,
	}
	for i, sample := range p.samples {
		s.Samples[i], s.Notes[i] = sample.step, sample.note
	}
	if s.Step > 0 {
		for _, v := range slices.Concat(p.newest.Losses, p.newest.Parts) {
			s.Values = append(s.Values, number(v))
		}
	}
	if left, ok := p.pace.left(p.run.Steps - s.Step); ok {
		seconds := left.Seconds()
		s.Left = &seconds
	}
	return s, p.history.points
}

// sawEnd tells Close that a browser knows how the run ended.
func (p *Page) sawEnd() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.seen:
	default:
		close(p.seen)
	}
}

// serveSample serves the file of a known sample, "STEP.png".
func (p *Page) serveSample(w http.ResponseWriter, r *http.Request) {
	digits, isPNG := strings.CutSuffix(r.PathValue("name"), ".png")
	step, err := strconv.Atoi(digits)
	path := ""
	if isPNG && err == nil {
		path = p.samplePath(step)
	}
	if path == "" {
		http.NotFound(w, r)
		return
	}
	f, err := os.Open(path)
	if err != nil { // removed since: not the browser's fault, nor its business where
		http.NotFound(w, r)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	http.ServeContent(w, r, "", info.ModTime(), f)
}

func (p *Page) samplePath(step int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := sort.Search(len(p.samples), func(i int) bool { return p.samples[i].step >= step })
	if i == len(p.samples) || p.samples[i].step != step {
		return ""
	}
	return p.samples[i].path
}

// serveStop ends the run for who has the page's token.
func (p *Page) serveStop(w http.ResponseWriter, r *http.Request) {
	if subtle.ConstantTimeCompare([]byte(r.Header.Get("X-Token")), []byte(p.token)) != 1 {
		http.Error(w, "the page's token is missing or of another run: reload the page", http.StatusForbidden)
		return
	}
	p.mu.Lock()
	if !p.ended {
		p.status = statusStopping
	}
	p.mu.Unlock()
	p.stop()
	w.WriteHeader(http.StatusNoContent)
}

func servePNG(data []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if data == nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}
}

// sendJSON sends b. A browser that has left is no error.
func sendJSON(w http.ResponseWriter, b []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b)
}
