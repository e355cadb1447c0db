// Package mpitest runs tests in several processes, which mpirun starts.
package mpitest

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/impasto-go/impasto/internal/need"
)

// Patience is what processes get at most, on machines that are busy with other things.
const Patience = 10 * time.Minute

// childEnv tells a test binary that it is one of the processes.
const childEnv = "IMPASTO_TEST_RANK_OF"

// Child reports whether this process was started by Command for the test.
func Child(t testing.TB) bool { return os.Getenv(childEnv) == t.Name() }

// Command returns the mpirun that starts n processes of the test that calls it, with
// more on their environment. They share however few cores there are.
func Command(t testing.TB, ctx context.Context, n int, env ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, need.Tool(t, "mpi"), "--allow-run-as-root", "--oversubscribe", "--bind-to", "none",
		"--mca", "btl", "self,vader,tcp", "-np", strconv.Itoa(n), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(append(os.Environ(), childEnv+"="+t.Name(), "GOMAXPROCS=2"), env...)
	return cmd
}

// Hosts returns the command that starts n processes of the test that calls it, with
// more on their environment, on hosts that hosts.sh of package mpi makes with the given
// options; script is its path.
func Hosts(t testing.TB, ctx context.Context, script string, options []string, n int, env ...string) *exec.Cmd {
	t.Helper()
	need.Tool(t, "mpi")
	need.Tool(t, "netns")
	if err := exec.Command("unshare", "--net", "true").Run(); err != nil {
		need.Missing(t, "netns", "no network of its own can be made: %v", err)
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		need.Missing(t, "netns", "no cables can be made: %v", err)
	}
	cmd := exec.CommandContext(ctx, script, append(options, strconv.Itoa(n), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")...)
	cmd.Env = append(append(os.Environ(), childEnv+"="+t.Name(), "GOMAXPROCS=2"), env...)
	return cmd
}

// Run runs the test that calls it in n processes, and fails if one of them does. It
// returns what they print.
func Run(t testing.TB, n int, env ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	var out bytes.Buffer
	cmd := Command(t, ctx, n, env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		t.Fatal(fmt.Errorf("%d processes: %w\n%s", n, err, &out))
	}
	return out.String()
}
