//go:build mpi && cgo

package train_test

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/train/mpi/mpitest"
	"github.com/impasto-go/impasto/train/ranks"
)

// TestMPIFollowsPyTorch repeats PyTorch's training in 1, 2 and 4 processes, of which
// some get no pictures of the last batches.
func TestMPIFollowsPyTorch(t *testing.T) {
	if !mpitest.Child(t) {
		for _, n := range []int{1, 2, 4} {
			mpitest.Run(t, n)
		}
		return
	}
	w, err := mpi.Open()
	require.NoError(t, err)
	recordedTraining(t).follow(t, newRank(t), w)
	require.NoError(t, w.Close())
}

// TestMPISteadyStepsDoNotAllocate covers whole and partial batches of two processes.
func TestMPISteadyStepsDoNotAllocate(t *testing.T) {
	if !mpitest.Child(t) {
		mpitest.Run(t, 2)
		return
	}
	w, err := mpi.Open()
	require.NoError(t, err)
	least, err := allocations(newRank(t), w, true)
	require.NoError(t, err)
	require.Zero(t, least)
	require.NoError(t, w.Close())
}

// TestMPIKilledRanks kills a random one of two processes that train, 50 times
// if IMPASTO_LONG is set: the others end within seconds, and the newest state is intact
// and not older than what was reported as saved. In the end the results are those of a
// run that nobody killed.
func TestMPIKilledRanks(t *testing.T) {
	if mpitest.Child(t) {
		trainAsRank(t)
		return
	}
	kills := 6
	if need.Long() {
		kills = 50
	}
	const n = 2
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	step, slowest := 0, time.Duration(0)
	for i := range kills {
		saved, took := killOne(t, n, dir, rng, i%2 == 0)
		slowest = max(slowest, took)
		saved = max(saved, step)
		step = loadIntact(t, dir)
		require.GreaterOrEqual(t, step, saved, "a saved state is lost")
		require.Empty(t, temporaryFiles(t, dir))
	}
	t.Logf("%d kills up to step %d; the others were gone after at most %v", kills, step, slowest)
	require.Positive(t, step)

	mpitest.Run(t, n, folderEnv+"="+dir, stepsEnv+"="+strconv.Itoa(step+5))
	whole := t.TempDir()
	mpitest.Run(t, n, folderEnv+"="+whole, stepsEnv+"="+strconv.Itoa(step+5))
	for _, name := range []string{"final.pth", "losses.csv", fmt.Sprintf("state-%09d.safetensors", step+5)} {
		requireSame(t, whole, dir, name)
	}
}

// trainAsRank begins or continues the run, and tells who it is and what it has saved.
func trainAsRank(t *testing.T) {
	w, err := mpi.Open()
	require.NoError(t, err)
	fmt.Println("process", os.Getpid())
	steps, err := strconv.Atoi(os.Getenv(stepsEnv))
	require.NoError(t, err)
	cfg := endless(os.Getenv(folderEnv), steps)
	_, err = checkpoint.Newest(cfg.CheckpointDir)
	begun := []byte{0}
	if err == nil {
		begun[0] = 1
	}
	require.NoError(t, w.Broadcast(0, begun)) // the others may look too late
	cfg.Resume, cfg.Group = begun[0] == 1, w
	cfg.Events.OnCheckpoint = func(c train.Checkpoint) { fmt.Println("saved", c.Step) }
	require.NoError(t, newTrainer(t, newRank(t), cfg, 1).Train(context.Background()))
	require.NoError(t, w.Close())
}

// killOne starts n processes, kills one at some time after they have begun, or else
// after the first state was saved, and returns the last step that they said to have
// saved, and how long the others lived on.
func killOne(t *testing.T, n int, dir string, rng *rand.Rand, early bool) (saved int, took time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	cmd := mpitest.Command(t, ctx, n, folderEnv+"="+dir, stepsEnv+"="+strconv.Itoa(math.MaxInt32))
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var processes, said []string
	var killed time.Time
	var at sync.Mutex // guards killed
	kill := sync.OnceFunc(func() {
		victim, err := strconv.Atoi(processes[rng.IntN(n)])
		require.NoError(t, err)
		time.AfterFunc(time.Duration(rng.IntN(1500))*time.Millisecond, func() {
			at.Lock()
			killed = time.Now()
			at.Unlock()
			syscall.Kill(victim, syscall.SIGKILL)
		})
	})
	for scanner := bufio.NewScanner(out); scanner.Scan(); {
		line := scanner.Text()
		if pid, ok := strings.CutPrefix(line, "process "); ok {
			processes = append(processes, pid)
		} else if _, err := fmt.Sscanf(line, "saved %d", &saved); err != nil {
			said = append(said, line)
		}
		if len(processes) == n && (early || saved > 0) {
			kill()
		}
	}
	err = cmd.Wait()
	require.Error(t, err, "mpirun says that all is well: %v", said)
	at.Lock()
	defer at.Unlock()
	require.False(t, killed.IsZero(), "they ended by themselves: %v %v", err, said)
	require.NoError(t, ctx.Err(), "the others go on for ever")
	return saved, time.Since(killed)
}

// TestMPIHosts repeats PyTorch's training on two hosts, with a link between them that
// is as slow as one of 100 Mbit/s.
func TestMPIHosts(t *testing.T) {
	if mpitest.Child(t) {
		w, err := mpi.Open()
		require.NoError(t, err)
		host, err := os.Hostname()
		require.NoError(t, err)
		hosts, err := ranks.Texts(w, host)
		require.NoError(t, err)
		require.Equal(t, []string{"host1", "host2"}, hosts)
		recordedTraining(t).follow(t, newRank(t), w)
		require.NoError(t, w.Close())
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := mpitest.Hosts(t, ctx, "mpi/hosts.sh", []string{"-rate", "100mbit"}, 2).CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "15 steps", "%s", out)
}

// TestMPICutOff takes the link between two hosts away while they train: the run ends,
// and its newest state is intact.
func TestMPICutOff(t *testing.T) {
	if mpitest.Child(t) {
		trainAsRank(t)
		return
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	out, err := mpitest.Hosts(t, ctx, "mpi/hosts.sh", []string{"-cut", dir + "/state-*"}, 2,
		folderEnv+"="+dir, stepsEnv+"="+strconv.Itoa(math.MaxInt32)).CombinedOutput()
	require.Error(t, err)
	require.NoError(t, ctx.Err(), "it goes on for ever")
	require.Contains(t, string(out), "lost communication", "%s", out)
	saved := 0
	for line := range strings.Lines(string(out)) {
		fmt.Sscanf(line, "saved %d", &saved)
	}
	require.Positive(t, saved, "%s", out)
	require.GreaterOrEqual(t, loadIntact(t, dir), saved)
}

// TestMPIHostsEnd kills the script that makes the hosts, gently and not: what trains on
// them ends too.
func TestMPIHostsEnd(t *testing.T) {
	if mpitest.Child(t) {
		trainAsRank(t)
		return
	}
	for _, signal := range []os.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		dir := t.TempDir()
		cmd := mpitest.Hosts(t, t.Context(), "mpi/hosts.sh", nil, 2, folderEnv+"="+dir, stepsEnv+"="+strconv.Itoa(math.MaxInt32))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		signaled := false
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			if strings.HasPrefix(scanner.Text(), "saved ") && !signaled {
				require.NoError(t, cmd.Process.Signal(signal))
				signaled = true
			}
		}
		require.True(t, signaled)
		require.Error(t, cmd.Wait())
		require.Eventually(t, func() bool {
			d, err := checkpoint.Open(dir, 2)
			return err == nil && d.Close() == nil
		}, mpitest.Patience, 100*time.Millisecond, "somebody has the folder")
	}
}
