//go:build unix

package cli

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// TestHangup: a lost terminal interrupts a program, but not one that was started with
// nohup, which has it ignore the signal.
func TestHangup(t *testing.T) {
	need.Signals(t, syscall.SIGHUP)
	start := func(before string) *exec.Cmd {
		p := exec.Command("/bin/sh", "-c", before+`exec "$0"`, os.Args[0])
		p.Env = append(os.Environ(), "CLI_TEST_PROGRAM=1")
		out, err := p.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, p.Start())
		t.Cleanup(func() { p.Process.Kill() })
		line, err := bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "ready\n", line)
		return p
	}
	code := func(p *exec.Cmd) int {
		var exit *exec.ExitError
		require.True(t, errors.As(p.Wait(), &exit))
		return exit.ExitCode()
	}
	p := start("")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	require.Equal(t, 130, code(p))

	p = start(`trap "" HUP; `)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil || len(status) == 0 {
		return // what the process ignores cannot be seen
	}
	require.Regexp(t, `SigIgn:\t[0-9a-f]*[13579bdf]\n`, read(t, p.Process.Pid), "SIGHUP is signal 1")
	require.NoError(t, p.Process.Signal(syscall.SIGHUP))
	require.NoError(t, p.Process.Signal(syscall.SIGTERM))
	require.Equal(t, 130, code(p))
}

func read(t *testing.T, pid int) string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	require.NoError(t, err)
	return string(b)
}
