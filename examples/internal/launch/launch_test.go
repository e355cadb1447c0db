//go:build unix

package launch

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// mpirun has a script be the only mpirun, and returns the file with what it was told, a
// word a line.
func mpirun(t *testing.T, does string) (told string) {
	dir := t.TempDir()
	told = filepath.Join(dir, "told")
	script := "#!/bin/sh\nprintf '%s\\n' \"$@\" >'" + told + ".new'\n" + does
	require.NoError(t, os.WriteFile(filepath.Join(dir, "mpirun"), []byte(script), 0o700))
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	return told
}

const tell = "mv \"$(dirname \"$0\")/told.new\" \"$(dirname \"$0\")/told\"\n"

// TestRanks: mpirun is told what it always is, how many, what the user adds, and then
// this program with its arguments, whatever these hold.
func TestRanks(t *testing.T) {
	told := mpirun(t, tell)
	require.NoError(t, Ranks(context.Background(), 3, " --host  a,b ", []string{"-style", "a picture.png", ""}))
	b, err := os.ReadFile(told)
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	want := append(append([]string{}, always...), "-np", "3", "--host", "a,b", self, "-style", "a picture.png", "")
	require.Equal(t, strings.Join(want, "\n")+"\n", string(b))
}

// TestFailure: an error of mpirun's is the error, not that of a context.
func TestFailure(t *testing.T) {
	mpirun(t, "exit 7\n")
	err := Ranks(context.Background(), 1, "", nil)
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, 7, exit.ExitCode())

	t.Setenv("PATH", t.TempDir())
	err = Ranks(context.Background(), 4, "", nil)
	require.ErrorIs(t, err, exec.ErrNotFound)
	require.ErrorContains(t, err, "-np 4 needs Open MPI")
}

// TestStop: at the end of the context mpirun gets the signal that it passes on, once, and
// may take its time; it is in a group of its own, which the terminal's signals spare.
func TestStop(t *testing.T) {
	told := mpirun(t, `trap 'n=x$n' USR1
echo $$ >"$(dirname "$0")/self"
`+tell+`i=0
while [ -z "$n" ] && [ $i -lt 9999 ]; do i=$((i+1)); sleep 0.05; done
sleep 0.2
echo "$n" >"$(dirname "$0")/signals"
exit 130
`)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- Ranks(ctx, 2, "", nil) }()
	require.Eventually(t, func() bool {
		_, err := os.Stat(told)
		return err == nil
	}, 5*time.Minute, 10*time.Millisecond)
	file := func(name string) string {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(told), name))
		require.NoError(t, err)
		return strings.TrimSpace(string(b))
	}
	self, err := strconv.Atoi(file("self"))
	require.NoError(t, err)
	group, err := syscall.Getpgid(self)
	require.NoError(t, err)
	require.Equal(t, self, group)
	cancel()
	err = <-ended
	require.ErrorIs(t, err, context.Canceled)
	var exit *exec.ExitError
	require.False(t, errors.As(err, &exit), "it ends as one that was interrupted")
	require.Equal(t, "x", file("signals"))
}
