package train

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// argsEnv makes the test binary be the program, with these arguments, one a line.
const argsEnv = "IMPASTO_TEST_ARGS"

// program is a running train.
type program struct {
	*exec.Cmd
	lines  *bufio.Reader
	stderr bytes.Buffer
}

// start starts the program and waits until it trains. The test that calls it must
// begin with beProgram.
func start(t *testing.T, args ...string) *program {
	p := command(os.Args[0], "-test.run=^"+t.Name()+"$")
	p.start(t, args...)
	return p
}

// command returns the program, which is started by a command of its own.
func command(name string, args ...string) *program {
	return &program{Cmd: exec.Command(name, args...)}
}

func (p *program) start(t *testing.T, args ...string) {
	p.Env = append(os.Environ(), argsEnv+"="+strings.Join(clitest.Override(args...), "\n"))
	p.Stderr = &p.stderr
	out, err := p.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.Start())
	t.Cleanup(func() {
		p.Process.Kill()
		p.Wait()
	})
	p.lines = bufio.NewReader(out)
	for {
		line, err := p.lines.ReadString('\n')
		require.NoError(t, err, &p.stderr)
		if strings.Contains(line, "content:") {
			return
		}
	}
}

func beProgram() {
	if args := os.Getenv(argsEnv); args != "" {
		os.Args = append([]string{"train"}, strings.Split(args, "\n")...)
		cli.Main(Run)
	}
}

// stop sends a signal and returns the exit code.
func (p *program) stop(t *testing.T, s os.Signal) int {
	require.NoError(t, p.Process.Signal(s))
	_, err := p.lines.WriteTo(&bytes.Buffer{})
	require.NoError(t, err)
	var exit *exec.ExitError
	require.True(t, errors.As(p.Wait(), &exit), "it was not interrupted: %s", &p.stderr)
	return exit.ExitCode()
}

// TestSignals interrupts a run at random moments, 50 times if IMPASTO_LONG is set:
// the program exits with 130 and has saved all that it did.
func TestSignals(t *testing.T) {
	beProgram()
	if runtime.GOOS == "windows" {
		need.Missing(t, "platform", "a process cannot send SIGINT to another on Windows")
	}
	signals := []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP}
	need.Signals(t, signals...)
	times := 6
	if need.Long() {
		times = 50
	}
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(pictures(t, 5), tiny...), "-out", out, "-epochs", "1000000")
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	step := 0
	for i := range times {
		p := start(t, args...)
		time.Sleep(time.Duration(rng.IntN(200)) * time.Millisecond)
		require.Equal(t, 130, p.stop(t, signals[i%len(signals)]), &p.stderr)
		require.Contains(t, p.stderr.String(), "interrupted")

		d, err := checkpoint.Open(out, 2)
		require.NoError(t, err)
		s, warnings, err := d.Load()
		require.NoError(t, errors.Join(err, d.Close()))
		require.Empty(t, warnings)
		losses, err := report.ReadLosses(filepath.Join(out, "losses.csv"))
		require.NoError(t, err)
		require.Len(t, losses.Rows, s.Step, "a step was done and not saved")
		require.Greater(t, s.Step, step)
		step = s.Step
		record, err := report.ReadRun(filepath.Join(out, "run.json"), nil)
		require.NoError(t, err)
		require.Equal(t, "stopped", record.Outcome)
		require.FileExists(t, filepath.Join(out, lastFile))
		require.Equal(t, step, record.Steps)
		hidden, err := filepath.Glob(filepath.Join(out, ".*"))
		require.NoError(t, err)
		require.Len(t, hidden, 1, "the lock and no temporary file: %v", hidden)
		args = []string{"-quiet", "-resume", out}
	}
	t.Logf("%d signals, up to step %d", times, step)
}

// TestClosedOutput: a run goes on when nobody reads what it prints any more, on either
// stream, and ends as it would.
func TestClosedOutput(t *testing.T) {
	beProgram()
	if runtime.GOOS == "windows" {
		need.Missing(t, "platform", "pipes are others on Windows")
	}
	out := filepath.Join(t.TempDir(), "run")
	args := append(append(pictures(t, 5), tiny...), "-out", out, "-epochs", "40", "-log-interval", "1")
	p := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	p.Env = append(os.Environ(), argsEnv+"="+strings.Join(clitest.Override(args...), "\n"))
	var ends []*os.File
	for _, stream := range []*io.Writer{&p.Stdout, &p.Stderr} {
		r, w, err := os.Pipe()
		require.NoError(t, err)
		require.NoError(t, r.Close()) // what is written there is an EPIPE from the beginning
		*stream = w
		ends = append(ends, w)
	}
	require.NoError(t, p.Start())
	for _, w := range ends {
		require.NoError(t, w.Close())
	}
	require.NoError(t, p.Wait())
	losses, err := report.ReadLosses(filepath.Join(out, "losses.csv"))
	require.NoError(t, err)
	require.Len(t, losses.Rows, 80)
	require.FileExists(t, filepath.Join(out, "final.onnx"))
}

// TestTwoTrainers refuses a second one in the folder of the first, which goes on.
func TestTwoTrainers(t *testing.T) {
	beProgram()
	out := filepath.Join(t.TempDir(), "run")
	data := append(pictures(t, 5), tiny...)
	first := start(t, append(data, "-out", out, "-epochs", "1000000")...)
	record, err := os.ReadFile(filepath.Join(out, "run.json"))
	require.NoError(t, err)
	for _, args := range [][]string{{"-quiet", "-resume", out}, append(data, "-out", out)} {
		require.ErrorIs(t, overridden(args), checkpoint.ErrLocked)
	}
	after, err := os.ReadFile(filepath.Join(out, "run.json"))
	require.NoError(t, err)
	require.Equal(t, string(record), string(after))
	_, err = first.lines.ReadString('\n')
	require.NoError(t, err, "the first goes on")
}
