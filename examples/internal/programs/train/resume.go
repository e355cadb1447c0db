package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/checkpoint"
)

// earlier returns the settings of runs whose files do not tell them, because there was
// no choice then.
func earlier() settings {
	s := tutorial()
	s.StabilityEvery, s.NoiseWeight, s.StabilityDetail = 1, 1, 0
	return s
}

// readSettings returns the settings of the run in a folder: those of run.json or,
// if that is lost, damaged or not yet written, those that every state holds.
func readSettings(dir string) (settings, error) {
	s := earlier()
	_, err := report.ReadRun(filepath.Join(dir, runFile), &s)
	if err == nil {
		return s, nil
	}
	state, stateErr := checkpoint.Newest(dir)
	switch {
	case errors.Is(stateErr, checkpoint.ErrNone) || errors.Is(stateErr, fs.ErrNotExist):
		return s, fmt.Errorf("-resume %s: there is no run to continue: begin one with -out %[1]s", dir)
	case stateErr != nil:
		return s, fmt.Errorf("-resume %s: neither run.json nor a training state can be read: begin a run in another folder, with -init and the newest ckpt_epoch_*.pth of this one: %w",
			dir, errors.Join(err, stateErr))
	case state.Origin == "" && state.Step == 0:
		return s, fmt.Errorf("-resume %s: the run was ended before its first step: begin it again with -out %[1]s", dir)
	case state.Origin == "":
		return s, fmt.Errorf("-resume %s: the states of this older version need run.json: %w", dir, err)
	}
	d := json.NewDecoder(strings.NewReader(state.Origin))
	d.DisallowUnknownFields()
	s = earlier()
	if err := d.Decode(&s); err != nil {
		return s, fmt.Errorf("-resume %s: the settings in its states: %w", dir, err)
	}
	cli.Note(fmt.Sprintf("the settings are those of the newest state: %v", err))
	return s, nil
}

// origin is what the states of a run keep for readSettings.
func (s *settings) origin() (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}

// resumable says which flags of the command line clash with those of a run. Files may
// have moved: whether they are still the same, the states tell.
func resumable(given map[string]bool) error {
	for name := range given {
		switch name {
		case "dataset", "style", "vgg", "test": // elsewhere
		case "resume", "from", "lr", "on-nan", "max-bad", "max-picture-memory", "steps", "epochs", "quiet", "http", "tensorboard", "keep", "device",
			"gpu", "np", "mpirun":
		default:
			return cli.Usagef("-%s cannot be changed by -resume, which takes the settings of the run; leave it out", name)
		}
	}
	return nil
}

// wayOut says how to go on with a run that ended with a step that was not finite.
func (j *job) wayOut(bad *train.NonFiniteError) string {
	steps, err := checkpoint.Steps(j.out)
	steps = slices.DeleteFunc(steps, func(step int) bool { return step >= bad.Step })
	if err != nil || len(steps) == 0 {
		return ""
	}
	resume := fmt.Sprintf("%s -resume %s -lr %g", cli.Command("train"), j.out, j.LR/2)
	text := fmt.Sprintf("The run is saved after step %d. Go on from there with a lower learning rate:\n\n  %s\n",
		steps[len(steps)-1], resume)
	if len(steps) > 1 {
		earlier := steps[:len(steps)-1]
		text += fmt.Sprintf("\nor, if it had gone astray before, from one of the earlier states, %s:\n\n  %s -from %d\n",
			strings.Trim(fmt.Sprint(earlier), "[]"), resume, earlier[len(earlier)-1])
	}
	return text
}
