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
		{[]string{}, "1 operands"},
		{[]string{"file", "more"}, `"more"`},
	} {
		err := parse(c.args...)
		require.ErrorContains(t, err, c.says)
		require.Equal(t, 2, report(&bytes.Buffer{}, "prog", context.Background(), err))
	}
}

func TestInterrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		need.Missing(t, "platform", "a process cannot send SIGINT to another on Windows")
	}
	need.Signals(t, os.Interrupt)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
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
