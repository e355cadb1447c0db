package studio

import (
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/loopback"
	"github.com/impasto-go/impasto/examples/internal/progress"
	"github.com/impasto-go/impasto/internal/atomicfile"
)

//go:embed web
var web embed.FS

var layout = template.Must(template.ParseFS(web, "web/layout.html"))

// studio is the application.
type studio struct {
	lib     *library
	runs    *runs
	bench   *bench
	tasks   *tasks
	jobs    *jobs
	scratch string // a folder for clips
	remove  func() error
	uploads chan struct{}
	sizes   [][2]int // that cards time
	token   loopback.Token
	server  *loopback.Server
}

func open(folder string) (*studio, error) {
	l, err := openLibrary(folder)
	if err != nil {
		return nil, err
	}
	s := &studio{lib: l, token: loopback.NewToken(), bench: newBench(l), uploads: make(chan struct{}, maxUploads), sizes: sizes}
	s.tasks, s.jobs = &tasks{bench: s.bench}, &jobs{lib: l}
	if s.scratch, s.remove, err = atomicfile.Scratch(os.TempDir(), "impasto-studio"); err != nil {
		return nil, errors.Join(err, l.close())
	}
	s.runs = &runs{lib: l, token: s.token, nav: links(""), known: map[string]*run{}}
	return s, nil
}

func (s *studio) listen(address string) (err error) {
	s.server, err = loopback.Listen(address, s.routes())
	return err
}

func (s *studio) close() {
	if s.server != nil {
		s.server.Close()
	}
	s.tasks.close()
	s.jobs.close()
	s.remove()
	s.lib.close()
}

// page is a page of the studio: web/NAME.html with web/NAME.js.
type page struct{ name, path, title string } // path as a pattern

var pages = []page{
	{"runs", "/{$}", "Runs"},
	{"try", "/try", "Try"},
	{"flicker", "/flicker", "Flicker"},
	{"train", "/train", "Train"},
	{"cards", "/cards", "Card"},
}

// links returns the way to all pages from the one with a path.
func links(current string) template.HTML {
	var b strings.Builder
	b.WriteString(`<nav aria-label="Studio">`)
	for _, p := range pages {
		mark := ""
		if p.path == current {
			mark = ` aria-current="page"`
		}
		fmt.Fprintf(&b, `<a href="%s"%s>%s</a>`, strings.TrimSuffix(p.path, "{$}"), mark, p.title)
	}
	b.WriteString("</nav>")
	return template.HTML(b.String())
}

// policy is loopback.Policy with pictures and clips that the page itself has made.
var policy = strings.NewReplacer("img-src 'self'", "img-src 'self' blob:; media-src 'self' blob:").Replace(loopback.Policy)

func (s *studio) routes() http.Handler {
	mux := http.NewServeMux()
	progress.Shared(mux, "/")
	for _, p := range pages {
		mux.HandleFunc("GET "+p.path, s.servePage(p))
		mux.HandleFunc("GET /"+p.name+".js", asset(p.name+".js"))
	}
	for _, name := range []string{"studio.css", "library.js"} {
		mux.HandleFunc("GET /"+name, asset(name))
	}
	mux.HandleFunc("GET /library.json", s.serveLibrary)
	mux.HandleFunc("GET /runs.json", s.serveRuns)
	mux.HandleFunc("GET /runs/{id}/{rest...}", s.serveRun)
	mux.HandleFunc("POST /style", s.serveStyle)
	mux.HandleFunc("GET /pictures/{path...}", s.servePicture)
	mux.HandleFunc("POST /tasks/clip", s.serveTask(s.styleClip))
	mux.HandleFunc("POST /tasks/flicker", s.serveTask(s.measure))
	mux.HandleFunc("POST /tasks/card", s.serveTask(s.makeCard))
	mux.HandleFunc("GET /jobs.json", s.serveJobs)
	mux.HandleFunc("POST /jobs", s.serveStart)
	mux.HandleFunc("POST /jobs/preview", s.servePreview)
	mux.HandleFunc("POST /jobs/{id}/stop", s.serveStopJob)
	mux.HandleFunc("GET /tasks/{id}", s.tasks.serve)
	mux.HandleFunc("GET /tasks/{id}/{name}", s.tasks.serveFile)
	mux.HandleFunc("POST /tasks/{id}/cancel", s.serveCancel)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", policy)
		mux.ServeHTTP(w, r)
	})
}

func asset(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.ServeFileFS(w, r, web, "web/"+name) }
}

func (s *studio) servePage(p page) http.HandlerFunc {
	body, err := web.ReadFile("web/" + p.name + ".html")
	if err != nil {
		panic(err) // a program without its own page
	}
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = layout.Execute(w, struct {
			Name, Title, Folder string
			Token               loopback.Token
			Nav, Body           template.HTML
		}{p.name, p.title, filepath.Base(s.lib.dir), s.token, links(p.path), template.HTML(body)})
	}
}

// serveLibrary answers with what is in the folder.
func (s *studio) serveLibrary(w http.ResponseWriter, r *http.Request) {
	sendJSON(w, s.lib.list())
}

func (s *studio) serveRuns(w http.ResponseWriter, r *http.Request) {
	list := []summary{}
	for _, run := range s.runs.all() {
		list = append(list, run.summary())
	}
	sendJSON(w, list)
}

// servePicture shows a picture of the folder, as PNG and reduced.
func (s *studio) servePicture(w http.ResponseWriter, r *http.Request) {
	it, err := s.lib.find(r.PathValue("path"), kindPicture)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	done, err := s.bench.take(r.Context())
	if err != nil {
		refuse(w, err)
		return
	}
	defer done()
	m, err := s.lib.picture(it.Path)
	if err != nil {
		refuse(w, errBad{err})
		return
	}
	b, err := pngOf(fitted(m, 1280))
	if err != nil {
		refuse(w, err)
		return
	}
	w.Header().Set("Content-Type", "image/png")
	_, _ = w.Write(b)
}

// serveRun is the page of a run and what belongs to it.
func (s *studio) serveRun(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	run := s.runs.find(id)
	if run == nil {
		http.NotFound(w, r)
		return
	}
	http.StripPrefix("/runs/"+id, run).ServeHTTP(w, r)
}

// sendJSON sends v. A browser that has left is no error.
func sendJSON(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b)
}
