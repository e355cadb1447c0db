package cli

import (
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// Program is what a main function passes to Main.
type Program func(ctx context.Context, args []string) error

// words are the programs of a binary that holds several, by the word that calls each,
// and word the one of this process; none in a binary of one program.
var (
	words map[string]string
	word  string
)

// As has this process be a program of a binary that holds several: the one that word
// calls. programs holds the name of each program with its word. Messages then name
// commands as this binary takes them.
func As(w string, programs map[string]string) { word, words = w, programs }

// Name returns what was started, such as train or impasto train.
func Name() string {
	name := strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
	if word != "" {
		name += " " + word
	}
	return name
}

// Arguments returns the arguments with which this binary becomes this program with
// args.
func Arguments(args ...string) []string {
	if word != "" {
		return append([]string{word}, args...)
	}
	return args
}

// Command returns how to start a program, such as train, in the way that this one was:
// impasto train, go run ./examples/train, or ./train.
func Command(program string) string {
	if words != nil {
		return base(os.Args[0], "impasto") + " " + words[program]
	}
	return base(os.Args[0], program)
}

// base returns how to start a binary of this module that is beside the one that was
// started as arg0.
func base(arg0, name string) string {
	if !compiledToRun(arg0) {
		return strings.TrimSuffix(arg0, filepath.Base(arg0)) + name
	}
	info, _ := debug.ReadBuildInfo()
	return "go run " + tags(info) + target(info, name)
}

// compiledToRun reports whether go run made the program: it leaves it in a temporary
// folder or in its cache.
func compiledToRun(arg0 string) bool {
	return slices.ContainsFunc(strings.Split(filepath.ToSlash(arg0), "/"), func(element string) bool {
		return strings.HasPrefix(element, "go-build")
	})
}

// tags returns the flag for the build tags of this binary.
func tags(info *debug.BuildInfo) string {
	if info != nil {
		for _, s := range info.Settings {
			if s.Key == "-tags" && s.Value != "" {
				return "-tags " + s.Value + " "
			}
		}
	}
	return ""
}

// target names the package of a program: by its folder where that is below the working
// directory.
func target(info *debug.BuildInfo, name string) string {
	folder := "./" + path.Join("examples", name)
	if _, err := os.Stat(folder); err == nil || info == nil {
		return folder
	}
	full := path.Join(info.Main.Path, "examples", name)
	if v := info.Main.Version; v != "" && v != "(devel)" {
		full += "@" + v
	}
	return full
}

// described is where Parse leaves the flags of a program whose flags are wanted alone.
var described **Flags

var errDescribed = errors.New("cli: only the flags are wanted")

// Describe returns the flags of a program, without running it; nil if it has none.
func Describe(p Program) (flags *Flags) {
	described = &flags
	defer func() { described = nil }()
	_ = p(context.Background(), nil) // it ends with errDescribed
	return flags
}
