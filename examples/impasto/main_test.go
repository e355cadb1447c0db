package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// argsEnv makes the test binary be the program, with these arguments.
const argsEnv = "IMPASTO_TEST_ARGS"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(argsEnv); ok {
		os.Args = append([]string{"bin/impasto"}, arguments(args)...)
		main()
	}
	os.Exit(m.Run())
}

// arguments splits a command line: at its line ends, if it has any, otherwise at spaces.
func arguments(text string) []string {
	if strings.Contains(text, "\n") {
		return strings.Split(text, "\n")
	}
	return strings.Fields(text)
}

// impasto runs the command and returns its exit code and what it printed.
func impasto(t *testing.T, args string) (code int, stdout, stderr string) {
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), argsEnv+"="+args)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	return cmd.ProcessState.ExitCode(), out.String(), errs.String()
}

// TestEveryProgram: each word prints the help of its program, under its own name, and
// every program of examples that has such a package is there.
func TestEveryProgram(t *testing.T) {
	var programs []string
	_, whole, _ := impasto(t, "")
	for _, g := range groups {
		require.Contains(t, whole, g.title+":\n")
		for _, w := range g.words {
			programs = append(programs, w.program)
			require.Contains(t, whole, "\n  "+w.word+" ")
			flags := cli.Describe(w.run)
			require.NotNil(t, flags, w.word)
			require.NotEmpty(t, flags.List(), w.word)
			require.FileExists(t, filepath.Join("..", w.program, "main.go"))
		}
	}
	code, help, _ := impasto(t, "frames -h")
	require.Equal(t, 0, code)
	require.Equal(t, 1, strings.Count(help, "Usage: impasto frames -in"))
	_, again, _ := impasto(t, "help frames")
	require.Equal(t, help, again)

	packages, err := os.ReadDir("../internal/programs")
	require.NoError(t, err)
	for _, p := range packages {
		require.Contains(t, programs, p.Name())
	}
}

// TestMistakes: what is misspelt is answered with what was meant, under the name of the
// command.
func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"trian":                  `impasto: there is no command "trian"; did you mean train?`,
		"help stilize":           `impasto: there is no command "stilize"; did you mean stylize?`,
		"dance":                  `impasto: there is no command "dance" (impasto -h lists them)`,
		"-style-weight 1":        "impasto: flags go after a command",
		"train -style-wieght 1":  "impasto train: unknown flag -style-wieght; did you mean -style-weight?",
		"train -dataset x":       `"bin/impasto convertvgg -download`,
		"frames -in a -in b":     "impasto frames: -in is given twice",
		"export -out style.onnx": "impasto export: -model is missing",
		"sweep -style-size 1":    "did you mean -style-sizes?",
		"stylize a.png -out c":   `impasto stylize: unexpected argument "a.png"`,
		"convertvgg a -download": "-download comes too late",
		"convertvgg a":           "2 operands are needed after the flags, got 1: impasto convertvgg [-download] IN OUT",
		"convertvgg a b c":       `unexpected argument "c"`,
	} {
		code, _, stderr := impasto(t, args)
		require.Equal(t, 2, code, args)
		require.Contains(t, stderr, want)
		require.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	}
}

// TestCompletion asks as shells do.
func TestCompletion(t *testing.T) {
	for args, want := range map[string][]string{
		"__complete tr":                     {"train\ttrains a style"},
		"__complete train -style-w":         {"-style-weight\tinfluence of the style"},
		"__complete train -steps 9 -ste":    {},
		"__complete train -steps 9":         {},
		"__complete train -dataset a -data": {"-dataset\tfolder, .zip or video"}, // may come again
		"__complete gpuinfo -q":             {"-quick\ttest, but do not measure"},
		"__complete stylize -model x -keep": {"-keep-color\t"},
	} {
		code, out, _ := impasto(t, args)
		require.Equal(t, 0, code)
		lines := strings.Split(out, "\n")
		require.Equal(t, ":4", lines[len(lines)-2], "no files: %s", out)
		require.Len(t, lines[:len(lines)-2], len(want), out)
		for i, w := range want {
			require.Contains(t, lines[i], w)
		}
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		code, out, _ := impasto(t, "completion "+shell)
		require.Equal(t, 0, code)
		require.Contains(t, out, "impasto")
	}
}

// TestValues completes what flags take, and what commands take without one.
func TestValues(t *testing.T) {
	for args, want := range map[string]string{
		"train -device":                      "cpu gl :4",
		"train -device g":                    "gl :4",
		"train -device=g":                    "gl :4",
		"train -vgg c":                       "compact :4",
		"train -vgg ./c":                     "pth safetensors :8",
		"train -style-layers relu1_2,relu3_": "relu1_2,relu3_3 :4",
		"export -profile":                    "barracuda sentis onnxruntime static opencv :4",
		"export -style":                      ":4", // a name
		"exportshader -out":                  "html gd :8",
		"stylize -model f":                   "pth safetensors onnx :8",
		"train -resume":                      ":16", // folders
		"train -steps":                       ":4",
		"studio":                             ":16",
		"convertvgg":                         "pth safetensors :8",
	} {
		words := append([]string{"__complete"}, strings.Fields(args)...)
		if last := words[len(words)-1]; len(words) == 2 || last[0] == '-' && !strings.Contains(last, "=") {
			words = append(words, "") // nothing is typed yet
		}
		_, out, _ := impasto(t, strings.Join(words, "\n"))
		require.Equal(t, want, strings.Join(strings.Fields(out), " "), args)
	}
}

// TestTaken: what each flag takes is known, unless it is a number or a switch.
func TestTaken(t *testing.T) {
	used := map[string]bool{"studio": true, "convertvgg": true}
	for _, g := range groups {
		for _, w := range g.words {
			for _, f := range cli.Describe(w.run).List() {
				used[w.word+" "+f.Name], used[f.Name] = true, true
				_, known := takes(w.word, f)
				getter, _ := f.Value.(flag.Getter)
				if _, list := f.Value.(*cli.List); list {
					require.True(t, known, "%s -%s", w.word, f.Name)
					continue
				}
				_, text := getter.Get().(string)
				require.Equal(t, text, known, "%s -%s", w.word, f.Name)
			}
		}
	}
	for name := range taken {
		require.True(t, used[name], name)
	}
}

// TestCommands names other programs as this binary calls them.
func TestCommands(t *testing.T) {
	require.Contains(t, cli.Command("train"), "train")
	require.ErrorContains(t, run(context.Background(), []string{"export"}), "-model")
	require.True(t, strings.HasSuffix(cli.Command("exportonnx"), "impasto export"), cli.Command("exportonnx"))
	require.Equal(t, []string{"export", "-h"}, cli.Arguments("-h"))
}
