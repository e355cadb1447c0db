package checkpoint_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// stateAt returns a state with tensors and sums that are peculiar to the step.
func stateAt(step int) *checkpoint.State {
	rng := rand.New(rand.NewPCG(uint64(step), 0))
	tensors := func() statedict.Dict {
		var d statedict.Dict
		for _, name := range []string{"conv1.weight", "conv1.bias"} {
			e := statedict.Entry{Name: name, Shape: []int{7}}
			for range 7 {
				e.Data = append(e.Data, float32(rng.NormFloat64()))
			}
			d = append(d, e)
		}
		return d
	}
	return &checkpoint.State{
		Progress: checkpoint.Progress{
			Step: step, Epoch: 2, Batch: 3, Images: 12, LossSums: map[string]float64{"content": rng.Float64() / 3, "style": rng.Float64() * 1e9},
			LearningRate: 1e-3, Backend: "cpu", Settings: map[string]string{"style_weight": "2e+09"},
		},
		Weights: tensors(), ExpAvg: tensors(), ExpAvgSq: tensors(),
	}
}

func open(t *testing.T, path string, keep int) *checkpoint.Dir {
	d, err := checkpoint.Open(path, keep)
	require.NoError(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func names(t *testing.T, path string) (list []string) {
	entries, err := os.ReadDir(path)
	require.NoError(t, err)
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

func TestSaveLoadKeep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "run")
	d := open(t, path, 3)
	begun, err := d.Begun()
	require.NoError(t, err)
	require.False(t, begun)
	_, _, err = d.Load()
	require.ErrorIs(t, err, checkpoint.ErrNone)

	for _, step := range []int{0, 9, 10, 999_999_999, 1_000_000_000} {
		require.NoError(t, d.Save(stateAt(step)))
		s, warnings, err := d.Load()
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, stateAt(step), s)
		begun, err := d.Begun()
		require.NoError(t, err)
		require.Equal(t, step > 0, begun)
		s, err = checkpoint.Newest(path)
		require.NoError(t, err)
		require.Equal(t, stateAt(step), s)
	}
	steps, err := checkpoint.Steps(d.Path())
	require.NoError(t, err)
	require.Equal(t, []int{10, 999_999_999, 1_000_000_000}, steps)
	for limit, want := range map[int]int{10: 10, 11: 10, 999_999_999: 999_999_999, math.MaxInt: 1_000_000_000} {
		s, _, err := d.LoadUpTo(limit)
		require.NoError(t, err)
		require.Equal(t, want, s.Step)
	}
	_, _, err = d.LoadUpTo(9)
	require.ErrorIs(t, err, checkpoint.ErrNone)
	require.Equal(t, []string{".lock", "state-000000010.safetensors", "state-1000000000.safetensors", "state-999999999.safetensors"}, names(t, path))

	few := open(t, t.TempDir(), 0)
	for step := range 4 {
		require.NoError(t, few.Save(stateAt(step)))
	}
	require.Equal(t, []string{".lock", "state-000000002.safetensors", "state-000000003.safetensors"}, names(t, few.Path()))
}

func TestLoadFallsBack(t *testing.T) {
	d := open(t, t.TempDir(), 3)
	for step := 1; step <= 3; step++ {
		require.NoError(t, d.Save(stateAt(step)))
	}
	newest := filepath.Join(d.Path(), "state-000000003.safetensors")
	require.NoError(t, os.Truncate(newest, 100))
	s, warnings, err := d.Load()
	require.NoError(t, err)
	require.Equal(t, stateAt(2), s)
	require.Len(t, warnings, 1)
	require.ErrorIs(t, warnings[0], safetensors.ErrCorrupt)
	require.ErrorContains(t, warnings[0], newest)
	require.FileExists(t, newest+".corrupt", "a damaged file is set aside, not lost")
	require.NoFileExists(t, newest)

	// A copy under another step's name would turn the run back or skip ahead.
	text, err := os.ReadFile(filepath.Join(d.Path(), "state-000000001.safetensors"))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(newest, text, 0o666))
	s, warnings, err = d.Load()
	require.NoError(t, err)
	require.Equal(t, stateAt(2), s)
	require.ErrorContains(t, warnings[0], "it holds step 1")

	for step := 1; step <= 2; step++ {
		require.NoError(t, os.Truncate(filepath.Join(d.Path(), fmt.Sprintf("state-%09d.safetensors", step)), 9))
	}
	_, _, err = d.Load()
	require.ErrorContains(t, err, "state-000000001")
	require.ErrorContains(t, err, "state-000000002")
}

// TestNewestTouchesNothing: whoever only looks leaves damaged states in their place.
func TestNewestTouchesNothing(t *testing.T) {
	d := open(t, t.TempDir(), 3)
	for step := 1; step <= 2; step++ {
		require.NoError(t, d.Save(stateAt(step)))
	}
	require.NoError(t, os.Truncate(filepath.Join(d.Path(), "state-000000002.safetensors"), 100))
	before := names(t, d.Path())
	s, err := checkpoint.Newest(d.Path())
	require.NoError(t, err)
	require.Equal(t, stateAt(1), s)
	require.Equal(t, before, names(t, d.Path()))
	_, err = checkpoint.Newest(t.TempDir())
	require.ErrorIs(t, err, checkpoint.ErrNone)
	_, err = checkpoint.Newest(filepath.Join(d.Path(), "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// TestSaveKeepsWhatItWrote: a run that goes on from an older state, because the newer
// ones could not be read or led nowhere, neither loses what it saves nor comes back
// to those.
func TestSaveKeepsWhatItWrote(t *testing.T) {
	for keep := 2; keep <= 4; keep++ {
		d := open(t, t.TempDir(), keep)
		for _, step := range []int{10, 20, 30, 40} {
			require.NoError(t, d.Save(stateAt(step)))
		}
		require.NoError(t, d.Save(stateAt(15)))
		s, warnings, err := d.Load()
		require.NoError(t, err)
		require.Empty(t, warnings)
		require.Equal(t, stateAt(15), s)
		steps, err := checkpoint.Steps(d.Path())
		require.NoError(t, err)
		require.Equal(t, map[bool][]int{true: {10, 15}, false: {15}}[keep == 4], steps, "10 went when 40 came, unless 4 are kept")
		require.FileExists(t, filepath.Join(d.Path(), "state-000000040.safetensors.abandoned"))
	}
}

// TestDamage changes every byte of the file in turn, cuts it at every length, and
// damages it at random: what loads is what was saved.
func TestDamage(t *testing.T) {
	d := open(t, t.TempDir(), 2)
	require.NoError(t, d.Save(stateAt(7)))
	whole, err := os.ReadFile(filepath.Join(d.Path(), "state-000000007.safetensors"))
	require.NoError(t, err)
	damaged := filepath.Join(t.TempDir(), "damaged")
	intact := func(b []byte) bool {
		require.NoError(t, os.WriteFile(damaged, b, 0o666))
		var s *checkpoint.State
		var err error
		damagetest.Bounded(t, len(b), func() { s, err = checkpoint.Read(damaged) })
		if err == nil {
			require.Equal(t, stateAt(7), s)
			return true
		}
		require.ErrorIs(t, err, safetensors.ErrCorrupt)
		return false
	}
	accepted := 0
	damagetest.Flips(whole, 0, len(whole), func(at int, b []byte) {
		if intact(b) {
			accepted++
		}
	})
	require.Less(t, accepted, 10, "only padding may change unnoticed")
	damagetest.Mutations(whole, func(b []byte) { intact(b) })
	for _, n := range damagetest.Truncations(len(whole)) {
		require.False(t, intact(whole[:n]), "cut to %d bytes", n)
	}
	require.True(t, intact(whole))
}

func TestReadRefusesOtherFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	write := func(d statedict.Dict, metadata map[string]string) error {
		require.NoError(t, safetensors.WriteFile(path, d, metadata))
		_, err := checkpoint.Read(path)
		return err
	}
	require.ErrorContains(t, write(nil, nil), "holds no training state")
	require.ErrorContains(t, write(nil, map[string]string{"impasto.progress": "{}"}), "does not match its checksum")

	d := open(t, t.TempDir(), 2)
	s := stateAt(1)
	s.LearningRate = 0
	require.NoError(t, d.Save(s))
	_, _, err := d.Load()
	require.ErrorContains(t, err, "learning rate 0")
}

func TestFailedSaveLeavesTheRest(t *testing.T) {
	d := open(t, t.TempDir(), 2)
	require.NoError(t, d.Save(stateAt(1)))
	require.NoError(t, d.Save(stateAt(2)))
	require.NoError(t, os.MkdirAll(filepath.Join(d.Path(), "state-000000003.safetensors", "x"), 0o777))
	require.ErrorContains(t, d.Save(stateAt(3)), "saving the training state")
	require.NoError(t, os.RemoveAll(filepath.Join(d.Path(), "state-000000003.safetensors")))
	s, warnings, err := d.Load()
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, stateAt(2), s)
	require.Len(t, names(t, d.Path()), 3, "no temporary file is left")
}

func TestTwoTrainersCannotShareAFolder(t *testing.T) {
	path := t.TempDir()
	d := open(t, path, 2)
	_, err := checkpoint.Open(path, 2)
	require.ErrorIs(t, err, checkpoint.ErrLocked)
	require.ErrorContains(t, err, path)
	require.NoError(t, d.Close())
	open(t, path, 2)
}

const childEnv = "IMPASTO_TEST_LOCK_DIR"

// TestLockOfAKilledProcess has a child process lock a folder and kills it.
func TestLockOfAKilledProcess(t *testing.T) {
	if path := os.Getenv(childEnv); path != "" {
		open(t, path, 2)
		fmt.Println("locked")
		time.Sleep(time.Minute)
		return
	}
	path := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestLockOfAKilledProcess$", "-test.v")
	child.Env = append(os.Environ(), childEnv+"="+path)
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	var seen strings.Builder
	buf := make([]byte, 256)
	for !strings.Contains(seen.String(), "locked") {
		n, err := out.Read(buf)
		require.NoError(t, err, seen.String())
		seen.Write(buf[:n])
	}
	_, err = checkpoint.Open(path, 2)
	require.ErrorIs(t, err, checkpoint.ErrLocked)
	require.NoError(t, child.Process.Kill())
	require.Error(t, child.Wait(), "killed")
	open(t, path, 2)
}

func TestOpenErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	_, err := checkpoint.Open(file, 2)
	require.ErrorContains(t, err, "run folder")
	require.ErrorContains(t, err, file)
}
