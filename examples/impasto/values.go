package main

import (
	"flag"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/onnx"
	"github.com/impasto-go/impasto/onnxexport"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// values is what a flag takes or, as that of no flag, an operand: words as they are,
// files by their endings, folders as such. anything stands for what nobody can foresee.
type values []string

const folder = "/"

var (
	anything = values{}
	weights  = values{".pth", ".safetensors", ".onnx"}
	pictures = values(append(slices.Clone(dataset.Extensions), ".gif"))
	clips    = values(movie.Extensions)
	judges   = values{inputs.CompactVGG, inputs.RandomVGG, ".pth", ".safetensors"}
	sets     = slices.Concat(values{folder, ".zip"}, clips)
	ranges   = values{onnx.UnitRange, onnx.ByteRange}
)

// taken is what the flags take that are no numbers and no switches, by their names,
// and for those that mean different things by a word of the command before the name.
var taken = map[string]values{
	"arch":             arch.Families(),
	"colors":           {"common", "deep", "hdr", "full"},
	"convertvgg":       {".pth", ".safetensors"},
	"dataset":          sets,
	"device":           {"cpu", "gl"},
	"distill out":      {".safetensors"},
	"export batch":     {"1", "symbolic"},
	"export out":       {".onnx"},
	"export style":     anything,
	"exportshader out": {".html", ".gd"},
	"filters":          anything,
	"fp16":             {"weights", "all"},
	"frames in":        clips,
	"frames out":       {folder},
	"gbit":             anything,
	"heat":             {".png"},
	"http":             {"localhost:8080"},
	"in":               slices.Concat(values{folder}, pictures, clips),
	"init":             append(values{inputs.BaseInit}, weights...),
	"json":             {".json"},
	"losses":           {".csv"},
	"lr-schedule":      {"constant", "cosine", "step:5000:0.5", "warmup:500,cosine"},
	"mask":             pictures,
	"model":            weights,
	"model-range":      ranges,
	"mpirun":           anything,
	"on-nan":           {"stop", "rollback"},
	"out":              {folder},
	"pack out":         {".pack"},
	"profile":          onnxexport.Profiles(),
	"range":            ranges,
	"resume":           {folder},
	"stability-moves":  anything,
	"stability-noise":  anything,
	"stability-ramp":   anything,
	"studio":           {folder},
	"style":            pictures,
	"style-layers":     layers(),
	"style-sizes":      anything,
	"style-weights":    anything,
	"stylize out":      slices.Concat(values{folder}, pictures, clips),
	"sweep style":      slices.Concat(values{folder, ".txt"}, pictures),
	"tensorboard":      {folder},
	"test":             pictures,
	"title":            anything,
	"verify":           {".pack"},
	"vgg":              judges,
	"video":            clips,
	"with":             weights,
}

// layers are those of the tutorial, which -style-layers lists.
func layers() (names values) {
	for _, l := range vgg.StyleLayers() {
		names = append(names, l.Name())
	}
	return names
}

// takes returns what a flag of a command takes, or its operands if there is no flag,
// and whether that is known.
func takes(command string, f *flag.Flag) (v values, known bool) {
	switch {
	case f == nil:
		v, known = taken[command]
	case isSwitch(f):
		return nil, false
	default:
		if v, known = taken[command+" "+f.Name]; !known {
			v, known = taken[f.Name]
		}
	}
	return v, known
}

// complete returns what may follow the words after a command: names of flags, or what
// the flag before takes.
func complete(command string, flags *cli.Flags, before []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if flags == nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	if name, value, ok := strings.Cut(typed, "="); ok && strings.HasPrefix(typed, "-") {
		v, _ := takes(command, flags.Lookup(strings.TrimLeft(name, "-")))
		return v.complete(value)
	}
	if n := len(before); n > 0 && strings.HasPrefix(before[n-1], "-") {
		if f := flags.Lookup(strings.TrimLeft(before[n-1], "-")); f != nil && !isSwitch(f) {
			v, _ := takes(command, f)
			return v.complete(typed)
		}
	}
	if v, operands := takes(command, nil); operands && !strings.HasPrefix(typed, "-") {
		return v.complete(typed)
	}
	var names []cobra.Completion
	for _, f := range flags.List() {
		if name := "-" + f.Name; strings.HasPrefix(name, typed) && (!slices.Contains(before, name) || isList(f)) {
			_, usage := flag.UnquoteUsage(f)
			names = append(names, cobra.CompletionWithDesc(name, usage))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// isSwitch reports whether a flag takes nothing.
func isSwitch(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// isList reports whether a flag may be given several times.
func isList(f *flag.Flag) bool {
	_, ok := f.Value.(*cli.List)
	return ok
}

// complete returns the words that begin with what is typed or, where there are none,
// tells the shell which files to offer. The last word of a list with commas counts.
func (v values) complete(typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	var words, endings []cobra.Completion
	folders := false
	list := typed[:strings.LastIndexByte(typed, ',')+1]
	for _, what := range v {
		switch {
		case what == folder:
			folders = true
		case what[0] == '.':
			endings = append(endings, what[1:])
		case strings.HasPrefix(what, typed[len(list):]):
			words = append(words, list+what)
		}
	}
	switch {
	case len(words) > 0:
		return words, cobra.ShellCompDirectiveNoFileComp
	case len(endings) > 0: // and folders, to look into
		return endings, cobra.ShellCompDirectiveFilterFileExt
	case folders:
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return nil, cobra.ShellCompDirectiveNoFileComp
}
