package studio

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/programs/exportonnx"
	"github.com/impasto-go/impasto/examples/internal/programs/exportshader"
	"github.com/impasto-go/impasto/examples/internal/programs/sweep"
	"github.com/impasto-go/impasto/examples/internal/programs/train"
	"github.com/impasto-go/impasto/onnxexport"
)

// programs are those that a page can start.
var programs = map[string]cli.Program{
	"train": train.Run, "sweep": sweep.Run, "exportonnx": exportonnx.Run, "exportshader": exportshader.Run,
}

// recipe is what a page wants to be done, in words of people.
type recipe struct {
	Kind string `json:"kind"` // train, sweep, onnx or page
	Name string `json:"name"` // of what is made

	Style    string  `json:"style"`    // picture; "" for a drawn one
	Dataset  string  `json:"dataset"`  // folder; "" for drawn pictures
	VGG      string  `json:"vgg"`      // weights, a word such as random, or "" for the usual one
	Init     string  `json:"init"`     // model to start from, base for the program's own, "" for none
	Strokes  int     `json:"strokes"`  // -2 to 2
	Strength float64 `json:"strength"` // -2 to 2
	Still    int     `json:"still"`    // 0 to 3
	Steps    int     `json:"steps"`    // 0 for the program's choice

	Model   string `json:"model"`
	Profile string `json:"profile"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
}

// order is a recipe as a command, with paths below the opened folder.
type order struct {
	Program string    `json:"program"`
	Flags   []setting `json:"flags"`
	Command string    `json:"command"` // as a shell would take it
	Out     string    `json:"out"`
}

// setting is a flag, and the knob that sets it.
type setting struct {
	Flag  string `json:"flag"`
	Value string `json:"value"`
	Knob  string `json:"knob"`
}

// args returns the arguments of the program.
func (o *order) args() (args []string) {
	for _, f := range o.Flags {
		args = append(args, "-"+f.Flag, f.Value)
	}
	return args
}

// safeName is what a name may be on all systems.
var safeName = regexp.MustCompile(`^[\p{L}\p{N}]([\p{L}\p{N} _.-]{0,62}[\p{L}\p{N}])?$`)

// reserved are the names of devices of Windows.
var reserved = regexp.MustCompile(`(?i)^(con|prn|aux|nul|com\d|lpt\d)(\..*)?$`)

// The knobs: the style's size that makes strokes of five sizes, and the influence of
// stability.
var (
	strokeSizes = [5]float64{0.5, 0.71, 1, 1.41, 2} // of the program's own style size
	stillness   = [4]float64{0, 1e4, 3e4, 6e4}
)

// order checks the recipe and turns it into a command.
func (l *library) order(r *recipe) (*order, error) {
	if !safeName.MatchString(r.Name) || reserved.MatchString(r.Name) {
		return nil, badf("the name %q: want letters, digits, spaces and - _ . of at most 64 characters", r.Name)
	}
	var o *order
	var err error
	switch r.Kind {
	case "train", "sweep":
		o, err = l.training(r)
	case "onnx":
		o, err = l.export(r)
	case "page":
		o, err = l.page(r)
	default:
		err = badf("nothing is known of how to make %q", r.Kind)
	}
	if err != nil {
		return nil, err
	}
	if _, err := l.root.Lstat(filepath.FromSlash(o.Out)); err == nil {
		return nil, badf("%s is there already: choose another name", o.Out)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, errBad{err}
	}
	words := []string{cli.Command(o.Program)}
	for _, a := range o.args() {
		words = append(words, quoted(a))
	}
	o.Command = strings.Join(words, " ")
	return o, nil
}

// quoted writes an argument for a shell.
func quoted(s string) string {
	if regexp.MustCompile(`^[\w./:,+-]+$`).MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

func (l *library) training(r *recipe) (*order, error) {
	o := &order{Program: r.Kind, Out: path.Join("runs", r.Name)}
	add := func(knob, flag, value string) { o.Flags = append(o.Flags, setting{flag, value, knob}) }
	judge := r.VGG
	if judge == "" && r.Dataset != "" { // the program wants one to be named
		judge = inputs.CompactVGG
	}
	for _, f := range []struct {
		flag, value string
		kind        kind
	}{{"style", r.Style, kindPicture}, {"dataset", r.Dataset, kindDataset}, {"init", r.Init, kindModel}, {"vgg", judge, kindVGG}} {
		if f.value == "" {
			continue
		}
		if f.flag == "vgg" && train.IsWord(f.value) || f.flag == "init" && f.value == inputs.BaseInit {
			add(f.flag, f.flag, f.value)
			continue
		}
		it, err := l.find(f.value, f.kind)
		if err != nil {
			return nil, errBad{err}
		}
		add(f.flag, f.flag, it.Path)
	}
	if r.Init == "" && r.Dataset == "" { // where the program would take its own
		add("init", "init", "")
	}
	switch {
	case r.Dataset != "" && r.Style == "":
		return nil, badf("choose a style: only drawn pictures bring their own")
	case r.Strokes < -2 || r.Strokes > 2 || !(math.Abs(r.Strength) <= 2) || r.Still < 0 || r.Still > 3:
		return nil, badf("a knob is beyond its end")
	case r.Steps < 0 || r.Steps > 1_000_000:
		return nil, badf("%d steps: want up to 1,000,000, or 0 for as many as the program takes", r.Steps)
	}
	weight, size := train.Usual(r.Dataset != "")
	side := func(strokes int) string {
		return strconv.Itoa(int(float64(size)*strokeSizes[strokes+2]+2) &^ 3)
	}
	by := func(strength float64) string {
		return strconv.FormatFloat(weight*math.Pow(10, strength/2), 'g', 3, 64)
	}
	if r.Kind == "sweep" {
		sizes := side(r.Strokes)
		if r.Strokes < 2 {
			sizes += "," + side(r.Strokes+1)
		}
		add("strokes", "style-sizes", sizes)
		add("strength", "style-weights", strings.Join([]string{by(r.Strength - 1), by(r.Strength), by(r.Strength + 1)}, ","))
	} else {
		add("strokes", "style-size", side(r.Strokes))
		add("strength", "style-weight", by(r.Strength))
		if r.Still > 0 {
			add("still", "stability", strconv.FormatFloat(stillness[r.Still], 'f', 0, 64))
		}
	}
	if r.Steps > 0 {
		add("steps", "steps", strconv.Itoa(r.Steps))
	}
	add("name", "out", o.Out)
	return o, nil
}

func (l *library) export(r *recipe) (*order, error) {
	it, err := l.find(r.Model, kindModel)
	if err != nil {
		return nil, errBad{err}
	}
	if _, err := onnxexport.ParseProfile(r.Profile); err != nil {
		return nil, badf("the profile %q: want one of %s", r.Profile, strings.Join(onnxexport.Profiles(), ", "))
	}
	o := &order{Program: "exportonnx", Out: path.Join("exports", r.Name+".onnx")}
	o.Flags = []setting{{"model", it.Path, "model"}, {"profile", r.Profile, "profile"}}
	if r.Width != 0 || r.Height != 0 {
		if r.Width < 8 || r.Height < 8 || r.Width > 8192 || r.Height > 8192 {
			return nil, badf("frames of %dx%d: want 8 to 8192 pixels a side", r.Width, r.Height)
		}
		o.Flags = append(o.Flags, setting{"width", strconv.Itoa(r.Width), "size"}, setting{"height", strconv.Itoa(r.Height), "size"})
	}
	o.Flags = append(o.Flags, setting{"out", o.Out, "name"})
	return o, nil
}

func (l *library) page(r *recipe) (*order, error) {
	it, err := l.find(r.Model, kindModel)
	if err != nil {
		return nil, errBad{err}
	}
	o := &order{Program: "exportshader", Out: path.Join("exports", r.Name+".html")}
	o.Flags = []setting{{"model", it.Path, "model"}, {"title", r.Name, "name"}, {"out", o.Out, "name"}}
	return o, nil
}

// describe names what is made.
func (o *order) describe() string {
	return fmt.Sprintf("%s: %s", map[string]string{
		"train": "training", "sweep": "sweep", "exportonnx": "ONNX file", "exportshader": "page with the style",
	}[o.Program], path.Base(o.Out))
}
