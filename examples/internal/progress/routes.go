package progress

import (
	"bytes"
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

	"github.com/impasto-go/impasto/examples/internal/loopback"
)

//go:embed web
var web embed.FS

var index = template.Must(template.ParseFS(web, "web/index.html"))

// Handler returns what a server answers with nav, links to other pages, above the
// view. Other paths are not found, other methods not allowed. Paths never become names
// of files: pictures are known by number.
func (v *View) Handler(nav template.HTML) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = index.Execute(w, struct {
			Title string
			Token loopback.Token
			Nav   template.HTML
		}{v.run.Title, v.token, nav})
	})
	Shared(mux, "/")
	mux.HandleFunc("GET /page.js", asset("page.js"))
	mux.HandleFunc("GET /run.json", v.serveRun)
	mux.HandleFunc("GET /state.json", v.serveState)
	mux.HandleFunc("GET /style.png", servePNG(v.run.Style))
	mux.HandleFunc("GET /test.png", servePNG(v.run.Test))
	mux.HandleFunc("GET /samples/{name}", v.serveSample)
	if v.stop != nil {
		mux.HandleFunc("POST /stop", v.serveStop)
	}
	return mux
}

// Shared adds the files below path that other pages use too: styles, the chart, and
// what compares two pictures.
func Shared(mux *http.ServeMux, path string) {
	for _, name := range []string{"common.js", "chart.js", "split.js", "style.css", "icon.svg"} {
		mux.HandleFunc("GET "+path+name, asset(name))
	}
}

func asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, web, "web/"+name) }
}

// serveRun answers with what does not change.
func (v *View) serveRun(w http.ResponseWriter, r *http.Request) {
	b, err := json.Marshal(struct {
		ID       string    `json:"id"`
		Steps    int       `json:"steps"`
		Series   []string  `json:"series"` // the names of the values in a point
		Terms    int       `json:"terms"`  // how many of these sum up to the total
		Settings []Setting `json:"settings"`
		Style    bool      `json:"style"`
		Test     bool      `json:"test"`
		Stop     bool      `json:"stop"` // whether it can be stopped from here
	}{
		v.id, v.run.Steps, append(append([]string{}, v.run.Terms...), v.run.Parts...), len(v.run.Terms),
		append([]Setting{}, v.run.Settings...), v.run.Style != nil, v.run.Test != nil, v.stop != nil,
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
func (v *View) serveState(w http.ResponseWriter, r *http.Request) {
	version, errVersion := strconv.ParseInt(r.FormValue("version"), 10, 64)
	after, errAfter := strconv.Atoi(r.FormValue("after"))
	s, points := v.state()
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
		v.sawEnd()
	}
}

func (v *View) state() (state, []point) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = time.Now()
	s := state{
		ID: v.id, Status: v.status, Ended: v.ended,
		Step: v.newest.Step, Epoch: v.newest.Epoch, Images: v.newest.Images, Speed: number(v.newest.ImagesPerSecond),
		Samples: make([]int, len(v.samples)), Notes: make([]string, len(v.samples)), Version: v.history.version,
	}
	for i, sample := range v.samples {
		s.Samples[i], s.Notes[i] = sample.step, sample.note
	}
	if s.Step > 0 {
		for _, v := range slices.Concat(v.newest.Losses, v.newest.Parts) {
			s.Values = append(s.Values, number(v))
		}
	}
	if left, ok := v.pace.left(v.run.Steps - s.Step); ok && v.run.Steps > 0 {
		seconds := left.Seconds()
		s.Left = &seconds
	}
	return s, v.history.points
}

// sawEnd tells Close that a browser knows how the run ended.
func (v *View) sawEnd() {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-v.seen:
	default:
		close(v.seen)
	}
}

// serveSample serves the file of a known sample, "STEP.png".
func (v *View) serveSample(w http.ResponseWriter, r *http.Request) {
	digits, isPNG := strings.CutSuffix(r.PathValue("name"), ".png")
	step, err := strconv.Atoi(digits)
	path := ""
	if isPNG && err == nil {
		path = v.samplePath(step)
	}
	if path == "" {
		http.NotFound(w, r)
		return
	}
	open := v.run.Open
	if open == nil {
		open = os.Open
	}
	f, err := open(path)
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

func (v *View) samplePath(step int) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	i := sort.Search(len(v.samples), func(i int) bool { return v.samples[i].step >= step })
	if i == len(v.samples) || v.samples[i].step != step {
		return ""
	}
	return v.samples[i].path
}

// serveStop ends the run for who has the page's token.
func (v *View) serveStop(w http.ResponseWriter, r *http.Request) {
	if !v.token.In(w, r) {
		return
	}
	v.mu.Lock()
	if !v.ended {
		v.status = statusStopping
	}
	v.mu.Unlock()
	v.stop()
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
