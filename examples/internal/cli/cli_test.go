package cli

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// TestMain lets the test binary stand for a program that waits for its context.
func TestMain(m *testing.M) {
	if os.Getenv("CLI_TEST_PROGRAM") != "" {
		Main(func(ctx context.Context, args []string) error {
			fmt.Println("ready")
			<-ctx.Done()
			return fmt.Errorf("waiting: %w", ctx.Err())
		})
	}
	os.Exit(m.Run())
}

func TestReport(t *testing.T) {
	canceled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		code int
		text string
	}{
		{"success", context.Background(), nil, 0, ""},
		{"help", context.Background(), flag.ErrHelp, 0, ""},
		{"failure", context.Background(), errors.New("a.png: no image"), 1, "prog: a.png: no image\n"},
		{"two failures", context.Background(), errors.Join(errors.New("a.png: no image"), errors.New("disk full")), 1, "prog: a.png: no image; disk full\n"},
		{"a terminal's commands", context.Background(), errors.New("a\x1b[2J\rb\u202e"), 1, `prog: a\x1b[2J b\u202e` + "\n"},
		{"told already", context.Background(), Told(errors.New("disk full")), 1, ""},
		{"told of an interrupt", canceled, Told(context.Canceled), 130, ""},
		{"usage", context.Background(), Usagef("-n: want at least %d", 1), 2, "prog: -n: want at least 1\n"},
		{"interrupt", canceled, fmt.Errorf("step 3: %w", context.Canceled), 130, "prog: interrupted\n"},
		{"another failure after an interrupt", canceled, errors.New("disk full"), 1, "prog: disk full\n"},
		{"someone else's canceled context", context.Background(), context.Canceled, 1, "prog: context canceled\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			require.Equal(t, c.code, report(&out, "prog", c.ctx, c.err))
			require.Equal(t, c.text, out.String())
		})
	}
}

func TestParse(t *testing.T) {
	parse := func(args ...string) error {
		flags := NewFlags("[-n N] FILE", "Tests.")
		flags.Int("n", 1, "a number")
		return Parse(flags, args, 1)
	}
	require.NoError(t, parse("-n", "2", "file"))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-n", "x", "file"}, "-n"},
		{[]string{"-unknown", "file"}, "-unknown"},
		{[]string{}, "1 operand is"},
		{[]string{"file", "more"}, `"more"`},
	} {
		err := parse(c.args...)
		require.ErrorContains(t, err, c.says)
		require.Equal(t, 2, report(&bytes.Buffer{}, "prog", context.Background(), err))
	}
}

// TestFlagMistakes: errors say what is wanted, and what was meant.
func TestFlagMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-steps x":                      `-steps "x": want a whole number`,
		"-steps 1.5":                    `-steps "1.5": want a whole number`,
		"-steps 9999999999999999999999": `-steps "9999999999999999999999": the number is out of range`,
		"-seed -1":                      `-seed "-1": want a whole number from 0`,
		"-lr fast":                      `-lr "fast": want a number`,
		"-time 3":                       `-time "3": want a time such as 250ms or 1m30s`,
		"-shuffle=perhaps":              `-shuffle "perhaps": want true or false`,
		"-shuffle true":                 "-shuffle true: want -shuffle=true, in one word",
		"-step 3":                       "unknown flag -step; did you mean -steps?",
		"--setps 3":                     "unknown flag -setps; did you mean -steps?",
		"-xyz 3":                        "unknown flag -xyz (-h lists all)",
		"-style a -style b":             "-style is given twice: which of them?",
		"-shuffle -shuffle":             "-shuffle is given twice: which of them?",
		"-steps":                        "flag needs an argument: -steps",
		"true":                          `unexpected argument "true" (-h shows the usage)`,
		"-shuffle b":                    `unexpected argument "b" (-h shows the usage)`,
		"style.png":                     `unexpected argument "style.png" (-h shows the usage)`,
		"-style a b -steps 3":           `unexpected argument "b" (-h shows the usage)`,
	} {
		err := Parse(sample(&values{}), strings.Fields(args), 0)
		require.EqualError(t, err, want)
		require.Equal(t, 2, report(&bytes.Buffer{}, "prog", context.Background(), err))
	}
}

// values are what the flags of sample set.
type values struct {
	steps   int
	seed    uint64
	lr      float64
	time    time.Duration
	shuffle bool
	style   string
	data    []string
}

func sample(v *values) *Flags {
	f := NewFlags("[flags]", "Tests.")
	f.Section("Training")
	f.IntVar(&v.steps, "steps", 9, "`number` of steps; 0 for those of an epoch, however many pictures there may be in it")
	f.Float64Var(&v.lr, "lr", 0, "learning rate")
	f.Section("Pictures")
	f.StringVar(&v.style, "style", "glass", "style picture")
	v.data = []string{"drawn"}
	f.ListVar(&v.data, "dataset", "`folder` of pictures; may be given several times")
	f.Section("Training")
	f.Uint64Var(&v.seed, "seed", 0, "seed")
	f.BoolVar(&v.shuffle, "shuffle", false, "shuffle")
	f.DurationVar(&v.time, "time", time.Second, "time")
	f.Others("without -dataset", func(o *Flags) {
		o.IntVar(&v.steps, "steps", 800, "")
		o.Float64Var(&v.lr, "lr", 5e-3, "")
		o.StringVar(&v.style, "style", "", "")
	})
	v.steps, v.lr, v.style = 9, 0, "glass"
	return f
}

// TestLists: a flag for a list adds to it, after the default is gone; the flags are
// what they were after parsing.
func TestLists(t *testing.T) {
	var v values
	f := sample(&v)
	require.NoError(t, Parse(f, []string{"-dataset", "a", "-steps", "3", "-dataset", "b"}, 0))
	require.Equal(t, []string{"a", "b"}, v.data)
	require.Equal(t, 3, v.steps)
	require.True(t, f.Given("dataset"))
	require.False(t, f.Given("style"))
	require.Equal(t, 3, f.Lookup("steps").Value.(flag.Getter).Get())
	require.NoError(t, Parse(sample(&v), nil, 0))
	require.Equal(t, []string{"drawn"}, v.data)
}

// TestHelp: sections as declared, in lines of 80 columns, with all defaults.
func TestHelp(t *testing.T) {
	f := sample(&values{})
	f.Init("prog", flag.ContinueOnError)
	var out bytes.Buffer
	f.help(&out, 80)
	require.Equal(t, `Usage: prog [flags]

Tests.

Training:
  -lr float               learning rate (default none; without -dataset 0.005)
  -steps number           number of steps; 0 for those of an epoch, however many
                          pictures there may be in it (default 9; without
                          -dataset 800)
  -seed uint              seed
  -shuffle                shuffle
  -time duration          time (default 1s)

Pictures:
  -dataset folder         folder of pictures; may be given several times
                          (default drawn)
  -style string           style picture (default glass; without -dataset none)
`, out.String())
	for _, line := range strings.Split(out.String(), "\n") {
		require.LessOrEqual(t, len(line), 80)
	}
}

// TestSections: flags that were declared before any section are in one of their own, and
// one without flags is not shown. A long name has a line of its own.
func TestSections(t *testing.T) {
	f := NewFlags("", "Tests.")
	f.Init("prog", flag.ContinueOnError)
	f.Bool("a", false, "first")
	f.Section("Empty")
	f.Section("More")
	f.Bool(strings.Repeat("b", indent-5), false, "second")
	f.Bool(strings.Repeat("c", indent-4), false, "third")
	var out bytes.Buffer
	f.help(&out, 80)
	require.Equal(t, "Usage: prog \n\nTests.\n\nFlags:\n"+fmt.Sprintf("%-*s", indent, "  -a")+"first\n\nMore:\n"+
		"  -"+strings.Repeat("b", indent-5)+"  second\n"+
		"  -"+strings.Repeat("c", indent-4)+"\n"+strings.Repeat(" ", indent)+"third\n", out.String())
}

// TestNearest: beginnings of three letters, either way, and few other letters.
func TestNearest(t *testing.T) {
	names := []string{"steps", "style-layers", "lr"}
	for word, want := range map[string]string{"sty": "style-layers", "Style-Layers": "style-layers", "stepsize": "steps", "lrs": "lr", "st": "", "stepsizes": ""} {
		got, found := Nearest(word, names)
		require.Equal(t, want, got, word)
		require.Equal(t, want != "", found, word)
	}
}

// TestCommand names other programs as this one was started.
func TestCommand(t *testing.T) {
	own, ok := debug.ReadBuildInfo()
	require.True(t, ok)
	for arg0, want := range map[string]string{
		"train": "stylize", "./train": "./stylize", "/usr/bin/train": "/usr/bin/stylize",
		"/tmp/go-build123/b001/exe/train": "go run " + tags(own) + "github.com/impasto-go/impasto/examples/stylize",
	} {
		require.Equal(t, want, base(arg0, "stylize"))
	}
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{{Key: "-tags", Value: "gl"}}}
	require.Equal(t, "-tags gl ", tags(info))
	info.Main = debug.Module{Path: "example.org/m", Version: "v1.2.3"}
	require.Equal(t, "example.org/m/examples/train@v1.2.3", target(info, "train"))
	t.Chdir("../../..")
	require.Equal(t, "./examples/train", target(info, "train"), "where it is")

	require.Equal(t, []string{"-h"}, Arguments("-h"))
	As("export", map[string]string{"exportonnx": "export", "train": "train"})
	defer func() { word, words = "", nil }()
	require.True(t, strings.HasSuffix(Command("exportonnx"), "impasto export"))
	require.True(t, strings.HasSuffix(Name(), " export"))
	require.Equal(t, []string{"export", "-h"}, Arguments("-h"))
}

// TestParseBetween allows operands that may be left out.
func TestParseBetween(t *testing.T) {
	for args, want := range map[string]string{
		"": "", "a": "", "a b": `unexpected argument "b" (-h shows the usage)`, "-style x": "", "-style x a": "",
		"a -style x": "-style comes too late: flags go before the other arguments",
	} {
		err := ParseBetween(sample(&values{}), strings.Fields(args), 0, 1)
		if want == "" {
			require.NoError(t, err)
		} else {
			require.EqualError(t, err, want)
		}
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0 frames", 1: "1 frame", 2: "2 frames"} {
		require.Equal(t, want, Count(n, "frame", "frames"))
	}
}

// TestDescribe has a program end before it does anything.
func TestDescribe(t *testing.T) {
	f := Describe(func(_ context.Context, args []string) error {
		if err := Parse(sample(&values{}), args, 1); err != nil {
			return err
		}
		panic("it went on")
	})
	require.Len(t, f.List(), 7)
	require.Nil(t, Describe(func(context.Context, []string) error { return nil }))
	require.NoError(t, Parse(sample(&values{}), nil, 0), "it is over")
}

func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		need.Missing(t, "platform", "a process cannot send SIGINT to another on Windows")
	}
	need.Signals(t, os.Interrupt)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	program := exec.CommandContext(ctx, os.Args[0])
	program.Env = append(os.Environ(), "CLI_TEST_PROGRAM=1")
	var stderr bytes.Buffer
	program.Stderr = &stderr
	stdout, err := program.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, program.Start())
	_, err = stdout.Read(make([]byte, 1))
	require.NoError(t, err)
	require.NoError(t, program.Process.Signal(os.Interrupt))
	var exit *exec.ExitError
	require.ErrorAs(t, program.Wait(), &exit)
	require.Equal(t, 130, exit.ExitCode())
	require.Contains(t, stderr.String(), ": interrupted\n")
}
