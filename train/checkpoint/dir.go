// Package checkpoint keeps the state of a training run in a folder so that the
// run survives whatever happens to its process.
//
// A Dir is locked: a second process cannot open it. Save writes a new file under
// a temporary name, flushes it to the disk, renames it, flushes the folder and
// only then removes the oldest, so that at every moment a complete state of the
// run is there. Load takes the newest one that is intact.
//
// A state is a safetensors file named after its step, state-000001500.safetensors,
// with the tensors weights.*, exp_avg.* and exp_avg_sq.* and with the Progress as
// JSON in its metadata. All of it is covered by checksums.
package checkpoint

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/safetensors"
)

// MinKeep is the least number of states kept: the newest and, should that turn
// out to be damaged, the one before.
const MinKeep = 2

// ErrLocked is wrapped by the error of Open for a folder that another trainer is
// using, and by that of LockFile.
var ErrLocked = errors.New("another trainer is using it")

// ErrNone is returned by Load if the folder holds no state.
var ErrNone = errors.New("no training state")

// Dir is the folder of a run, locked until Close.
type Dir struct {
	path string
	keep int
	lock *lock
}

// Open locks the folder at path, making it if need be, and removes the temporary
// files of a run that was killed. Save will keep the newest keep states, at least
// MinKeep.
func Open(path string, keep int) (*Dir, error) {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	l, err := acquire(filepath.Join(path, lockName))
	if err != nil {
		return nil, fmt.Errorf("run folder %s: %w", path, err)
	}
	d := &Dir{path: path, keep: max(keep, MinKeep), lock: l}
	if err := atomicfile.RemoveStale(path, ownName.MatchString); err != nil {
		l.release()
		return nil, fmt.Errorf("run folder: %w", err)
	}
	return d, nil
}

// Close unlocks the folder.
func (d *Dir) Close() error { return d.lock.release() }

// Path returns the folder's path.
func (d *Dir) Path() string { return d.path }

// Save stores s as the newest state and removes those beyond the number to keep.
// States of later steps, which s does not follow (the run went back, or they could
// not be read), are set aside by adding ".abandoned" to their names. An error of
// writing means that the states already there are untouched.
func (d *Dir) Save(s *State) error {
	if err := write(d.statePath(s.Step), s); err != nil {
		return fmt.Errorf("saving the training state: %w", err)
	}
	steps, err := Steps(d.path)
	if err != nil {
		return err
	}
	at := slices.Index(steps, s.Step)
	if at < 0 {
		return fmt.Errorf("saving the training state: %s is gone as soon as it was written", d.statePath(s.Step))
	}
	if err := d.abandon(steps[at+1:]); err != nil {
		return fmt.Errorf("setting aside a later training state: %w", err)
	}
	for _, step := range steps[:max(0, at+1-d.keep)] {
		if err := os.Remove(d.statePath(step)); err != nil {
			return fmt.Errorf("removing an old training state: %w", err)
		}
	}
	return nil
}

// abandon renames states so that no Load finds them, not even after a power loss.
func (d *Dir) abandon(steps []int) error {
	if len(steps) == 0 {
		return nil
	}
	for _, step := range steps {
		path := d.statePath(step)
		if err := os.Rename(path, path+".abandoned"); err != nil {
			return err
		}
	}
	return atomicfile.SyncDir(d.path)
}

// Load is LoadUpTo without a limit.
func (d *Dir) Load() (s *State, warnings []error, err error) { return d.LoadUpTo(math.MaxInt) }

// LoadUpTo returns the newest intact state of at most the given step. Damaged ones
// are set aside by adding ".corrupt" to their names, and reported as warnings.
// Without any state the error is ErrNone; if none is intact, the error tells what
// is wrong with each.
func (d *Dir) LoadUpTo(limit int) (s *State, warnings []error, err error) {
	s, faults, err := newest(d.path, limit)
	for _, f := range faults {
		if errors.Is(f.err, safetensors.ErrCorrupt) || errors.Is(f.err, safetensors.ErrTooLarge) {
			f.err = errors.Join(f.err, os.Rename(f.path, f.path+".corrupt"))
		}
		warnings = append(warnings, f.err)
	}
	if err != nil {
		return nil, nil, err
	}
	return s, warnings, nil
}

// Newest returns the newest intact state in the folder at path, without locking the
// folder or changing anything in it. The errors are those of Load.
func Newest(path string) (*State, error) {
	s, _, err := newest(path, math.MaxInt)
	return s, err
}

// fault is why the state in a file cannot be read.
type fault struct {
	path string
	err  error
}

func newest(dir string, limit int) (s *State, faults []fault, err error) {
	steps, err := Steps(dir)
	if err != nil {
		return nil, nil, err
	}
	steps = slices.DeleteFunc(steps, func(step int) bool { return step > limit })
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("%s: %w", dir, ErrNone)
	}
	var all []error
	for _, step := range slices.Backward(steps) {
		path := statePath(dir, step)
		s, err := Read(path)
		if err == nil && s.Step != step {
			err = fmt.Errorf("%s: %w: it holds step %d", path, safetensors.ErrCorrupt, s.Step)
		}
		if err == nil {
			return s, faults, nil
		}
		faults, all = append(faults, fault{path, err}), append(all, err)
	}
	return nil, faults, fmt.Errorf("no training state can be read: %w", errors.Join(all...))
}

// Begun reports whether the folder holds a state of a run that has done a step.
// One of a run that was ended before its first is not worth keeping.
func (d *Dir) Begun() (bool, error) {
	steps, err := Steps(d.path)
	return len(steps) > 0 && steps[len(steps)-1] > 0, err
}

func (d *Dir) statePath(step int) string { return statePath(d.path, step) }

func statePath(dir string, step int) string {
	return filepath.Join(dir, fmt.Sprintf("state-%09d.safetensors", step))
}

var stateName = regexp.MustCompile(`^state-(\d{9,18})\.safetensors$`)

// Steps returns the steps of the states in a folder, whole or not, oldest first.
func Steps(dir string) ([]int, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("run folder: %w", err)
	}
	var steps []int
	for _, e := range entries {
		if m := stateName.FindStringSubmatch(e.Name()); m != nil {
			if step, err := strconv.Atoi(m[1]); err == nil {
				steps = append(steps, step)
			}
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// ownName matches the files that a run writes into its folder.
var ownName = regexp.MustCompile(`^(state-\d+|ckpt_epoch_\d+_batch_id_\d+|final|losses|samples|run)\.[a-z]+$`)
