package train_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// These tell the test binary to be a trainer: in which folder and for how many
// steps.
const (
	folderEnv = "IMPASTO_TEST_FOLDER"
	stepsEnv  = "IMPASTO_TEST_STEPS"
)

// endless returns the settings of a run that saves every other step.
func endless(dir string, steps int) train.Config {
	cfg := inFolder(dir)
	cfg.Epochs, cfg.Steps, cfg.CheckpointInterval = 1<<20, steps, 2
	return cfg
}

// trainAsChild begins or continues the run, and tells what it has saved.
func trainAsChild(t *testing.T, dir string) {
	steps, err := strconv.Atoi(os.Getenv(stepsEnv))
	require.NoError(t, err)
	cfg := endless(dir, steps)
	cfg.Resume = true
	cfg.Events.OnCheckpoint = func(c train.Checkpoint) { fmt.Println("saved", c.Step) }
	be := newCPU(t)
	err = newTrainer(t, be, cfg, 1).Train(context.Background())
	if errors.Is(err, checkpoint.ErrNone) {
		cfg.Resume = false
		err = newTrainer(t, be, cfg, 1).Train(context.Background())
	}
	require.NoError(t, err)
}

// startChild starts a process that trains in dir. wait returns the last step that
// it said to have saved, and its error.
func startChild(t *testing.T, dir string, steps int) (child *exec.Cmd, wait func() (saved int, err error)) {
	child = exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), folderEnv+"="+dir, stepsEnv+"="+strconv.Itoa(steps))
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	return child, func() (saved int, err error) {
		var other []string
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if _, err := fmt.Sscanf(lines.Text(), "saved %d", &saved); err != nil {
				other = append(other, lines.Text())
			}
		}
		if err = child.Wait(); err != nil {
			err = fmt.Errorf("%w: %s", err, strings.Join(other, "\n"))
		}
		return saved, err
	}
}

// TestKilledTrainer kills a process that trains at random moments, 500 times if
// IMPASTO_LONG is set. After each, the newest state is intact and not older than
// what was reported as saved, all weights can be read and no temporary file stays.
// In the end the results are those of a run that nobody killed.
func TestKilledTrainer(t *testing.T) {
	if dir := os.Getenv(folderEnv); dir != "" {
		trainAsChild(t, dir)
		return
	}
	kills := 12
	if need.Long() {
		kills = 500
	}
	dir := t.TempDir()
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	seen := map[string]bool{}
	step, during := 0, 0
	for range kills {
		child, wait := startChild(t, dir, math.MaxInt32)
		time.Sleep(time.Duration(rng.Int64N(int64(killedWithin()))))
		require.NoError(t, child.Process.Kill())
		saved, err := wait()
		requireKilled(t, err)
		if len(temporaryFiles(t, dir)) > 0 {
			during++
		}
		saved = max(saved, step)
		step = loadIntact(t, dir)
		require.GreaterOrEqual(t, step, saved, "a saved state is lost")
		require.Empty(t, temporaryFiles(t, dir))
		weights, err := filepath.Glob(filepath.Join(dir, "*.pth"))
		require.NoError(t, err)
		for _, file := range weights {
			if !seen[file] {
				_, err := pth.ReadFile(file)
				require.NoError(t, err)
				seen[file] = true
			}
		}
	}
	t.Logf("%d kills, %d of them while a file was being written, up to step %d", kills, during, step)

	_, wait := startChild(t, dir, step+5)
	_, err := wait()
	require.NoError(t, err)
	whole := t.TempDir()
	run(t, newCPU(t), endless(whole, step+5))
	for _, name := range []string{"final.pth", "losses.csv", fmt.Sprintf("state-%09d.safetensors", step+5)} {
		requireSame(t, whole, dir, name)
	}
}

// killedWithin is how long a child lives at most. Under Wine it takes seconds to begin.
func killedWithin() time.Duration {
	if runtime.GOOS == "windows" {
		return 5 * time.Second
	}
	return 250 * time.Millisecond
}

// requireKilled wants a child to have ended because it was killed. Windows ends it with
// the exit code that failing tests have.
func requireKilled(t *testing.T, err error) {
	if runtime.GOOS == "windows" {
		require.ErrorContains(t, err, "exit status 1")
		require.NotContains(t, err.Error(), "FAIL")
		return
	}
	require.ErrorContains(t, err, "killed")
}

// loadIntact returns the step of the newest state, which must not be damaged. A
// process that was killed at its start may have left none.
func loadIntact(t *testing.T, dir string) int {
	d, err := checkpoint.Open(dir, 2)
	require.NoError(t, err)
	defer d.Close()
	s, warnings, err := d.Load()
	if errors.Is(err, checkpoint.ErrNone) {
		return 0
	}
	require.NoError(t, err)
	require.Empty(t, warnings)
	return s.Step
}

func temporaryFiles(t *testing.T, dir string) (names []string) {
	files, err := filepath.Glob(filepath.Join(dir, ".*"))
	require.NoError(t, err)
	for _, f := range files {
		if filepath.Base(f) != ".lock" {
			names = append(names, f)
		}
	}
	return names
}
