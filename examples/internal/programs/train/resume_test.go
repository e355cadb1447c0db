package train

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/cli/clitest"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
)

// copyFolder copies the files of a folder that keep accepts.
func copyFolder(t *testing.T, from string, keep func(name string) bool) string {
	to := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, os.Mkdir(to, 0o777))
	entries, err := os.ReadDir(from)
	require.NoError(t, err)
	for _, e := range entries {
		if !keep(e.Name()) {
			continue
		}
		b, err := os.ReadFile(filepath.Join(from, e.Name()))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(to, e.Name()), b, 0o666))
	}
	return to
}

// TestEveryFirstMomentHasAWayOn kills a run after each of the files that it begins
// with: what is there can be resumed, or the error says to begin again, and that
// works.
func TestEveryFirstMomentHasAWayOn(t *testing.T) {
	begin := append(append(pictures(t, 3), tiny...), "-steps", "2")
	whole := filepath.Join(t.TempDir(), "whole")
	require.NoError(t, overridden(append(begin, "-out", whole, "-checkpoint-interval", "1", "-keep", "9")))
	want, err := os.ReadFile(filepath.Join(whole, "final.pth"))
	require.NoError(t, err)
	first := []string{".lock", "losses.csv", "state-000000000.safetensors", "run.json", "ckpt_epoch_0_batch_id_1.pth", "state-000000001.safetensors"}
	for n := range len(first) + 1 {
		dir := copyFolder(t, whole, func(name string) bool { return slices.Contains(first[:n], name) })
		err := overridden([]string{"-quiet", "-resume", dir})
		if n < 3 { // there is no state
			require.ErrorContains(t, err, "begin one with -out "+dir)
			err = overridden(append(begin, "-out", dir))
		}
		require.NoError(t, err, first[:n])
		got, err := os.ReadFile(filepath.Join(dir, "final.pth"))
		require.NoError(t, err)
		require.Equal(t, want, got, first[:n])
	}
	// Before the first step a run can be begun again too, with other settings.
	dir := copyFolder(t, whole, func(name string) bool { return slices.Contains(first[:4], name) })
	require.NoError(t, overridden(append(begin, "-out", dir, "-steps", "1")))
}

// TestStatesAreEnough resumes without run.json, and with one that is cut.
func TestStatesAreEnough(t *testing.T) {
	begin := append(append(pictures(t, 3), tiny...), "-shuffle", "-seed", "7")
	whole, part := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "part")
	require.NoError(t, overridden(append(begin, "-steps", "4", "-epochs", "4", "-out", whole)))
	require.NoError(t, overridden(append(begin, "-steps", "2", "-epochs", "4", "-out", part)))
	want, err := os.ReadFile(filepath.Join(whole, "final.pth"))
	require.NoError(t, err)
	record, err := os.ReadFile(filepath.Join(part, "run.json"))
	require.NoError(t, err)
	for _, size := range []int{-1, 0, 10, len(record) - 3} {
		dir := copyFolder(t, part, func(name string) bool { return name != "run.json" })
		if size >= 0 {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "run.json"), record[:size], 0o666))
		}
		require.NoError(t, overridden([]string{"-quiet", "-resume", dir, "-steps", "4"}))
		got, err := os.ReadFile(filepath.Join(dir, "final.pth"))
		require.NoError(t, err)
		require.Equal(t, want, got, size)
		again, err := readSettings(dir)
		require.NoError(t, err)
		require.Equal(t, 4, again.Steps, "run.json is whole again")
	}
	// With neither there is no way to resume, and the error says what there is.
	dir := copyFolder(t, part, func(name string) bool { return true })
	require.NoError(t, os.Remove(filepath.Join(dir, "run.json")))
	states, err := filepath.Glob(filepath.Join(dir, "state-*"))
	require.NoError(t, err)
	for _, s := range states {
		require.NoError(t, os.Truncate(s, 100))
	}
	require.ErrorContains(t, overridden([]string{"-quiet", "-resume", dir}), "-init")
}

// TestAnotherRate resumes a run that diverged with a lower rate, from the newest state
// and from an earlier one, as the way out that it is shown says.
func TestAnotherRate(t *testing.T) {
	begin := append(append(pictures(t, 3), tiny...), "-steps", "5", "-epochs", "5", "-keep", "9", "-checkpoint-interval", "1")
	out := filepath.Join(t.TempDir(), "run")
	require.NoError(t, overridden(append(begin, "-out", out)))
	steps, err := checkpoint.Steps(out)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5}, steps)

	j := &job{options: &options{out: "OUT", settings: settings{LR: 1e-3}}}
	require.Empty(t, j.wayOut(&train.NonFiniteError{Step: 6}))
	j.out = out
	text := j.wayOut(&train.NonFiniteError{Step: 5})
	require.Contains(t, text, "saved after step 4")
	require.Contains(t, text, "-resume "+out+" -lr 0.0005\n")
	require.Contains(t, text, "states, 0 1 2 3:")
	require.Contains(t, text, "-lr 0.0005 -from 3\n")

	require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-lr", "0.0005", "-from", "3"}))
	s, err := checkpoint.Newest(out)
	require.NoError(t, err)
	require.Equal(t, 5, s.Step)
	require.Equal(t, 5e-4, s.LearningRate)
	again, err := readSettings(out)
	require.NoError(t, err)
	require.Equal(t, 5e-4, again.LR)
}

// TestMovedInputs resumes a run whose dataset, style and test picture lie elsewhere by
// now, and not with others in their place.
func TestMovedInputs(t *testing.T) {
	data := pictures(t, 3)
	out := filepath.Join(t.TempDir(), "run")
	require.NoError(t, overridden(append(append(slices.Clone(data), tiny...), "-steps", "1", "-epochs", "4", "-out", out)))
	old := filepath.Dir(data[1]) // -dataset
	moved := filepath.Join(t.TempDir(), "moved")
	require.NoError(t, os.CopyFS(moved, os.DirFS(old)))
	require.NoError(t, os.RemoveAll(old))
	resume := []string{"-quiet", "-resume", out, "-steps", "2"}
	require.ErrorContains(t, overridden(resume), "-dataset")
	at := func(dataset, style string) []string {
		return append(slices.Clone(resume), "-dataset", filepath.Join(moved, dataset), "-style", filepath.Join(moved, style), "-test", filepath.Join(moved, "test.png"))
	}
	require.ErrorContains(t, overridden(at("dataset", "test.png")), "style picture is")
	require.NoError(t, os.Rename(filepath.Join(moved, "dataset", "scenes"), filepath.Join(moved, "dataset", "others")))
	require.ErrorContains(t, overridden(at("dataset", "style.png")), "names and sizes of the pictures")
	require.NoError(t, os.Rename(filepath.Join(moved, "dataset", "others"), filepath.Join(moved, "dataset", "scenes")))
	require.NoError(t, overridden(at("dataset", "style.png")))
	require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-steps", "3"}), "run.json has the new places")
}

// TestRunsWithoutNewerSettings resumes a run of a version that computed stability in
// each step with the same weight for all pictures, and had no settings for it.
func TestRunsWithoutNewerSettings(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	begin := append(append(pictures(t, 3), tiny...), "-out", out, "-epochs", "4", "-steps", "1", "-stability", "5", "-stability-every", "1", "-stability-noise-weight", "1", "-stability-detail", "0", "-stability-moves", "0.5,0.5", "-stability-noise", "0.5,4", "-stability-ramp", "0,0.25")
	require.NoError(t, overridden(begin))
	state, err := checkpoint.Newest(out)
	require.NoError(t, err)
	require.Equal(t, "{Weight:5 From:0 Full:0.25 Shifts:0.5 Warps:0.5 NoiseLow:0.5 NoiseHigh:4}", state.Settings["stability"])
	record := filepath.Join(out, "run.json")
	text, err := os.ReadFile(record)
	require.NoError(t, err)
	older := string(text)
	for _, setting := range []string{`"stability-every": 1,`, `"stability-noise-weight": 1,`, `"stability-detail": 0,`} {
		require.Contains(t, older, setting)
		older = strings.Replace(older, setting, "", 1)
	}
	require.NoError(t, os.WriteFile(record, []byte(older), 0o666))
	require.NoError(t, overridden([]string{"-quiet", "-resume", out, "-steps", "2"}))
}

// TestSteps: the steps that are asked for are done, whatever -epochs says, of which more
// than a run has done go on with it and fewer are refused.
func TestSteps(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	begin := append(append(pictures(t, 5), tiny...), "-out", out) // two steps an epoch
	require.NoError(t, overridden(append(begin, "-steps", "7", "-epochs", "1")))
	steps := func() int {
		record, err := report.ReadRun(filepath.Join(out, runFile), nil)
		require.NoError(t, err)
		require.Equal(t, "finished", record.Outcome)
		require.Contains(t, record.Losses, "content")
		return record.Steps
	}
	require.Equal(t, 7, steps())

	resume := []string{"-quiet", "-resume", out}
	before, err := os.ReadFile(filepath.Join(out, "final.pth"))
	require.NoError(t, err)
	for _, fewer := range [][]string{{"-steps", "3"}, {"-epochs", "2"}, {"-epochs", "2", "-steps", "0"}} {
		err := overridden(append(slices.Clone(resume), fewer...))
		require.ErrorContains(t, err, "has done 7 steps already")
		require.IsType(t, cli.Usagef(""), err)
	}
	after, err := os.ReadFile(filepath.Join(out, "final.pth"))
	require.NoError(t, err)
	require.Equal(t, before, after)

	says := clitest.Output(t, func() { require.NoError(t, overridden(resume)) })
	require.Contains(t, says, "Nothing is left to train: all of the 7 steps are done.")
	require.NotContains(t, says, finished)
	require.Equal(t, 7, steps())
	require.NoError(t, overridden(append(slices.Clone(resume), "-epochs", "4")))
	require.Equal(t, 8, steps())
}

// TestWords: a run says what it does on what, and ends with few short lines; its folder
// holds what it saw. It prints nothing about its checkpoints.
func TestWords(t *testing.T) {
	t.Chdir(t.TempDir())
	args := append(append(pictures(t, 5), tiny...), "-out", "runs/20261126-140000", "-steps", "3", "-log-interval", "3", "-checkpoint-interval", "3")
	says := clitest.Output(t, func() { require.NoError(t, overridden(args)) })
	for _, line := range []string{
		"Training for 3 steps of 3 pictures of 16x16:\n", "  pictures  5, /", "  style     40x40, /", "  judge     VGG-19 with random filters",
		"  network   tutorial, filters 2,3,4, 1 residual block\n", "  device    cpu", "  folder    runs/20261126-140000\n",
	} {
		require.Contains(t, says, line)
	}
	_, end, _ := strings.Cut(says, "Finished after 3 steps and ")
	lines := strings.Split(strings.TrimRight(end, "\n"), "\n")
	require.Regexp(t, `^\d+s: total \S+, content \S+, style \S+$`, lines[0])
	require.LessOrEqual(t, len(lines), 5)
	for _, line := range lines[1:] {
		require.LessOrEqual(t, len(line), 80, line)
	}
	require.NotContains(t, says, "Checkpoint")
	require.Equal(t, 1, strings.Count(says, "  content: "), "steps count, where an epoch has two")
	for name, size := range map[string][2]int{"style.png": {40, 40}, "test.png": {30, 22}} {
		m, err := imageio.Load(filepath.Join("runs/20261126-140000", name), imageio.Options{})
		require.NoError(t, err)
		require.Equal(t, size, [2]int{m.W, m.H})
	}
	require.NoFileExists(t, "runs/20261126-140000/last.png")
	require.FileExists(t, "runs/20261126-140000/ckpt_epoch_1_batch_id_1.png")
	w := &watch{job: &job{options: &options{out: "runs/20261126-140000"}, data: five{}}}
	w.job.BatchSize = 3
	for steps, samples := range map[int]int{3: 1, 4: 2} {
		w.steps = steps
		require.Len(t, w.samples(), samples, "final.png is one if no checkpoint shows the same")
	}
	require.Equal(t, "  ./train -resume \\\n    "+strings.Repeat("x", 90), strings.ReplaceAll(toType("train", "-resume", strings.Repeat("x", 90)),
		cli.Command("train"), "./train"))
}

// five is a source of as many pictures.
type five struct{ dataset.Source }

func (five) Len() int { return 5 }
