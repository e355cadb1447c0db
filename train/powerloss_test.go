package train_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/powerloss"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// TestPowerLoss records what a trainer writes and flushes while it begins, is resumed,
// and ends, and looks at every disk that a loss of power may leave at any moment: what
// was reported as saved is there, no file under its name is damaged, and the losses are
// there up to the newest state.
func TestPowerLoss(t *testing.T) {
	if dir := os.Getenv(folderEnv); dir != "" {
		trainAsChild(t, dir)
		return
	}
	dir := t.TempDir()
	for _, steps := range []int{4, 7} {
		child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		child.Env = append(os.Environ(), folderEnv+"="+dir, stepsEnv+"="+strconv.Itoa(steps))
		before, ops := powerloss.Record(t, dir, child)
		losses := read(t, dir, "losses.csv")
		disks := 0
		scratch := t.TempDir()
		check := func(said string, d powerloss.Disk) error {
			disks++
			return checkDisk(t, scratch, d, lastSaved(said, len(before)), losses)
		}
		require.NoError(t, powerloss.Crashes(before, ops, check))
		require.Greater(t, disks, 50)
		t.Logf("%d operations, %d disks", len(ops), disks)

		// The check sees it when one of the flushes is missing.
		for what, missing := range map[string]func(op powerloss.Op) bool{
			"of files":                     func(op powerloss.Op) bool { return op.Path != "." && !strings.HasPrefix(op.Path, "losses") },
			"of folders":                   func(op powerloss.Op) bool { return op.Path == "." },
			"of the losses before a state": func(op powerloss.Op) bool { return op.Path == "losses.csv" },
			"of weights":                   func(op powerloss.Op) bool { return strings.Contains(op.Path, ".pth") },
		} {
			fewer := slices.DeleteFunc(slices.Clone(ops), func(op powerloss.Op) bool { return op.Kind == powerloss.Sync && missing(op) })
			require.Less(t, len(fewer), len(ops), what)
			require.Error(t, powerloss.Crashes(before, fewer, check), "without the flush %s", what)
		}
	}
}

// lastSaved returns the step of the last line "saved", or -1 for a run that has not
// saved anything. A run that goes on has saved its first part.
func lastSaved(said string, before int) int {
	saved := -1
	if before > 0 {
		saved = 4
	}
	for line := range strings.Lines(said) {
		fmt.Sscanf(line, "saved %d\n", &saved)
	}
	return saved
}

var weightsName = regexp.MustCompile(`^(ckpt_epoch_\d+_batch_id_\d+|final)\.pth$`)

// checkDisk returns what is wrong with a folder.
func checkDisk(t *testing.T, scratch string, d powerloss.Disk, saved int, losses string) error {
	dir := filepath.Join(scratch, "run")
	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.Mkdir(dir, 0o777))
	weights := 0
	for name, content := range d {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o666))
		switch {
		case strings.HasPrefix(name, "."), name == "losses.csv":
		case strings.HasPrefix(name, "state-"):
			if _, err := checkpoint.Read(path); err != nil {
				return err
			}
		case weightsName.MatchString(name):
			weights++
			if _, err := pth.ReadFile(path); err != nil {
				return err
			}
		default:
			return fmt.Errorf("a file %s", name)
		}
	}
	if weights < saved/2 { // every second step
		return fmt.Errorf("%d weights files after step %d", weights, saved)
	}
	s, err := checkpoint.Newest(dir)
	switch {
	case err != nil && saved < 0: // and nothing is lost
		return nil
	case err != nil:
		return err
	case s.Step < saved:
		return fmt.Errorf("the newest state is of step %d, saved was %d", s.Step, saved)
	}
	lines := strings.SplitAfter(losses, "\n")
	if want := strings.Join(lines[:1+s.Step], ""); s.Step > 0 && !strings.HasPrefix(string(d["losses.csv"]), want) {
		return fmt.Errorf("losses %q do not lead to step %d", d["losses.csv"], s.Step)
	}
	return nil
}
