package studio

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/examples/internal/programs/exportshader"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/flicker"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/tensor"
)

// card is what a style card tells.
type card struct {
	Title    string
	Network  string
	Weights  int
	Style    *imageio.Image // nil if the picture is not in the folder
	Before   *imageio.Image
	After    *imageio.Image
	Report   *flicker.Report
	Film     *imageio.Image // frames below each other, original and styled side by side
	Devices  []timed
	Settings []line
	Prints   []line // fingerprints of files
	Made     string
}

// timed is a device with how long frames take on it.
type timed struct {
	Name   string
	Speeds []speed
}

// speed is how long a frame takes.
type speed struct {
	Width, Height int
	Milliseconds  float64
}

// FPS returns frames a second.
func (s speed) FPS() float64 { return 1e3 / s.Milliseconds }

// line is a name with what belongs to it.
type line struct{ Name, Value string }

// The film of a card, and what of it is told.
const (
	filmFrames = 24
	filmRows   = 144
	cardTitle  = 60
)

// sizes are those whose speed a card tells; larger ones are left out where they would
// take long.
var sizes = [][2]int{{480, 270}, {960, 540}, {1280, 720}, {1920, 1080}}

// cardResult is what a page is told; the files are the task's.
type cardResult struct {
	Title string `json:"title"`
	HTML  int    `json:"html"` // bytes
	PNG   int    `json:"png"`
}

// makeCard measures a style and makes its card.
func (s *studio) makeCard(ctx context.Context, t *task, f *form) (any, error) {
	m, err := s.bench.load(ctx, f.fields["model"])
	if err != nil {
		return nil, err
	}
	net, err := arch.Recognize(m.dict)
	if err != nil {
		return nil, badf("%s: %w", m.item.Path, err)
	}
	before, err := s.sourceOr(f, 960, 540)
	if err != nil {
		return nil, err
	}
	if before.Alpha != nil {
		before = &imageio.Image{W: before.W, H: before.H, Pix: before.Pix} // without alpha
	}
	before = reduced(before, 540)
	if min(before.W, before.H) < flicker.MinSize+32 || max(before.W, before.H) > 4096 {
		return nil, badf("a picture of %dx%d does not fit a card: want %d pixels each way, and not 4 times as wide as high", before.W, before.H, flicker.MinSize+32)
	}
	c := &card{Network: net.String(), Weights: net.NumParams(), Before: before, Made: time.Now().Format(time.DateOnly)}
	if c.Title = printable.Line(f.fields["title"]); c.Title == "" {
		c.Title = title(m.item.Path)
	}
	if r := []rune(c.Title); len(r) > cardTitle {
		return nil, badf("the title has more than %d characters", cardTitle)
	}
	s.origin(c, m)
	if err := s.measureCard(ctx, t, c, m, net); err != nil {
		return nil, err
	}
	t.progress("writing the card", 0.97)
	var more bytes.Buffer
	if err := cardHTML.Execute(&more, c); err != nil {
		return nil, err
	}
	page, err := exportshader.Live{Title: c.Title, Before: before, Half: halves(m), More: more.String()}.HTML(net, m.dict)
	if err != nil {
		return nil, err
	}
	picture, err := c.png()
	if err != nil {
		return nil, err
	}
	err = t.keep("card.html", taskFile{kind: "text/html; charset=utf-8", data: page})
	if err == nil {
		err = t.keep("card.png", taskFile{kind: "image/png", data: picture})
	}
	return cardResult{c.Title, len(page), len(picture)}, err
}

// halves reports whether the weights fit half floats.
func halves(m *loaded) bool {
	for _, e := range m.dict {
		for _, v := range e.Data {
			if !(v >= -65504 && v <= 65504) {
				return false
			}
		}
	}
	return true
}

// title makes one of a model's path: final weights are called as their folder.
func title(name string) string {
	base := strings.TrimSuffix(path.Base(name), path.Ext(name))
	if dir := path.Base(path.Dir(name)); base == "final" && dir != "." {
		return dir
	}
	return base
}

// origin tells where a model comes from: its own fingerprint, and what the run in whose
// folder it is was like.
func (s *studio) origin(c *card, m *loaded) {
	if b, err := s.lib.read(m.item.Path, maxModelBytes); err == nil {
		sum := sha256.Sum256(b)
		c.Prints = append(c.Prints, line{path.Base(m.item.Path), hex.EncodeToString(sum[:])})
	}
	dir := path.Dir(m.item.Path)
	b, err := s.lib.read(path.Join(dir, "run.json"), maxRunFile)
	if err != nil {
		return
	}
	r, err := report.ParseRun(b, nil)
	if err != nil {
		return
	}
	var settings map[string]any
	if json.Unmarshal(r.Settings, &settings) != nil {
		return
	}
	told := map[string]string{"dataset": "learned from", "style-weight": "strength of the style", "content-weight": "strength of the scene",
		"style-size": "size of the style", "stability": "stability", "style-layers": "style layers", "image-size": "size of the pictures",
		"batch-size": "pictures a step", "lr": "learning rate"}
	names := make([]string, 0, len(told))
	for name := range told {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		v := withoutFolders(settings[name])
		if v != nil && v != "" && v != 0.0 {
			c.Settings = append(c.Settings, line{told[name], printable.Line(fmt.Sprint(v))})
		}
	}
	c.Settings = append(c.Settings, line{"steps", fmt.Sprint(r.Steps)}, line{"seed", fmt.Sprint(r.Seed)})
	for _, f := range []struct {
		name string
		file report.File
	}{{"style", r.Style}, {"judge", r.Weights}} {
		if f.file.SHA256 != "" {
			c.Prints = append(c.Prints, line{f.name + " " + printable.Line(filepath.Base(f.file.Path)), printable.Line(f.file.SHA256)})
		}
	}
	if v := r.Versions; v.Revision != "" {
		c.Prints = append(c.Prints, line{"impasto", printable.Line(v.Revision)})
	}
	style, _ := settings["style"].(string)
	for _, file := range []string{path.Join(dir, "style.png"), s.lib.inside(style)} {
		if file == "" {
			continue
		}
		if art, err := s.lib.picture(file); err == nil {
			c.Style = fitted(&imageio.Image{W: art.W, H: art.H, Pix: art.Pix}, 480)
			return
		}
	}
}

// measureCard styles, films, times and judges.
func (s *studio) measureCard(ctx context.Context, t *task, c *card, m *loaded, net *arch.Network) error {
	l := look{model: m, strength: 1}
	session, err := l.session(ctx)
	if err != nil {
		return err
	}
	defer session.Close()
	t.progress("styling", 0)
	if c.After, err = session.Image(c.Before); err != nil {
		return err
	}
	small := reduced(c.Before, filmRows+16)
	for i := range filmFrames {
		t.progress("filming", 0.1+0.3*float64(i)/filmFrames)
		if err := ctx.Err(); err != nil {
			return err
		}
		frame := flicker.Render(small, "parallax", float64(min(i, filmFrames-i))/2)
		styled, err := session.Image(frame)
		if err != nil {
			return err
		}
		if c.Film == nil {
			c.Film = imageio.New(2*frame.W, filmFrames*frame.H)
		}
		for y := range frame.H {
			at := c.Film.Pix[3*(i*frame.H+y)*c.Film.W:]
			copy(at, frame.Pix[3*y*frame.W:3*(y+1)*frame.W])
			copy(at[3*frame.W:], styled.Pix[3*y*frame.W:3*(y+1)*frame.W])
		}
	}
	if err := s.timeCard(ctx, t, c, m, session); err != nil {
		return err
	}
	t.progress("measuring how still it is", 0.8)
	be := tensor.CPU()
	defer be.Close()
	judged, err := s.judge(ctx, be, m.item.Path)
	if err != nil {
		return err
	}
	defer judged.net.Free()
	c.Report, err = flicker.Measure(ctx, judged.run, []*imageio.Image{reduced(c.Before, 270)}, flicker.Options{Multiple: net.Multiple(), Seed: 1})
	return err
}

// timeCard times frames on the CPU and, in a build for it, on the graphics card, if there
// is one that works: frames from memory, and back.
func (s *studio) timeCard(ctx context.Context, t *task, c *card, m *loaded, onCPU *stylize.Session) error {
	be := tensor.CPU()
	c.Devices = []timed{{Name: strings.TrimSpace(cpuid.CPU.BrandName + ", " + be.Name())}}
	sessions := []*stylize.Session{onCPU}
	if err := be.Close(); err != nil {
		return err
	}
	if d, err := gpu.Open(); err == nil {
		defer d.Close()
		onCard := m.model.NewSession(stylize.On(d))
		defer onCard.Close()
		c.Devices, sessions = append(c.Devices, timed{Name: d.Name()}), append(sessions, onCard)
	}
	for k, session := range sessions {
		times := &c.Devices[k].Speeds
		for i, size := range s.sizes {
			t.progress(fmt.Sprintf("timing %dx%d", size[0], size[1]), 0.4+0.4*float64(k*len(s.sizes)+i)/float64(len(sessions)*len(s.sizes)))
			if n := len(*times); n > 0 && (*times)[n-1].Milliseconds > 1000 {
				break
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			ms, err := timing(session.StylizeRGBA, size[0], size[1])
			if err != nil && k > 0 {
				break // a card that fails has no times; the style itself is right
			}
			if err != nil {
				return err
			}
			*times = append(*times, speed{size[0], size[1], ms})
		}
	}
	c.Devices = slices.DeleteFunc(c.Devices, func(d timed) bool { return len(d.Speeds) == 0 })
	return nil
}

// timing returns the milliseconds of a frame: the best of three, after one that gets
// the memory.
func timing(style func(dst, src []byte, w, h, stride int) error, w, h int) (float64, error) {
	m := paint.Scene(3, 96, 54) // its content does not matter
	frame := make([]byte, 0, 4*w*h)
	for y := range h {
		for x := range w {
			p := m.Pix[3*(y*m.H/h*m.W+x*m.W/w):]
			frame = append(frame, p[0], p[1], p[2], 255)
		}
	}
	out := make([]byte, len(frame))
	best := 0.0
	for i := range 4 {
		start := time.Now()
		if err := style(out, frame, w, h, 4*w); err != nil {
			return 0, err
		}
		if ms := time.Since(start).Seconds() * 1e3; i == 1 || i > 1 && ms < best {
			best = ms
		}
	}
	return best, nil
}

var cardHTML = template.Must(template.New("card.html").Funcs(template.FuncMap{
	"picture": func(m *imageio.Image) template.URL { return template.URL(exportshader.DataURL(m)) },
	"half":    func(n int) int { return n / 2 },
	"frame":   func(m *imageio.Image) int { return m.H / filmFrames },
	"frames":  func() int { return filmFrames },
	"figure":  func(v float64) string { return figure(v) },
	"times":   func(a, b float64) float64 { return a / max(b, 1e-9) },
}).ParseFS(web, "web/card.html"))

// figure writes three digits.
func figure(v float64) string {
	switch {
	case v >= 99.95:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.995:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// withoutFolders returns a setting with files by their names alone: where they lie is
// nobody's business. Several, as datasets may be, become one text.
func withoutFolders(v any) any {
	switch v := v.(type) {
	case string:
		if filepath.IsAbs(v) {
			return filepath.Base(v)
		}
	case []any:
		var names []string
		for _, one := range v {
			names = append(names, fmt.Sprint(withoutFolders(one)))
		}
		return strings.Join(names, ", ")
	}
	return v
}
