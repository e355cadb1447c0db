package train

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/train/checkpoint"
	"github.com/impasto-go/impasto/train/dataset"
)

// rateSetting is the one setting that a resumed run may change: whoever chooses
// another has a reason.
const rateSetting = "learning rate"

// filesSetting is the fingerprint of the pictures, which states did not always have.
const filesSetting = "names and sizes of the pictures"

// describe lists what a resumed run must have in common with its beginning.
func (t *Trainer) describe() map[string]string {
	c := &t.cfg
	float := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	settings := map[string]string{
		"batch size": strconv.Itoa(c.BatchSize),
		"image size": strconv.Itoa(c.ImageSize),
		rateSetting:  float(c.LearningRate),
		"shuffle":    strconv.FormatBool(c.Shuffle),
		"seed":       strconv.FormatUint(c.Seed, 10),
		"pictures":   strconv.Itoa(t.data.Len()),
	}
	if mix, ok := t.data.(*dataset.Mix); ok {
		for i, s := range mix.Shares() {
			settings[fmt.Sprintf("%s of dataset %d", filesSetting, i+1)] = dataset.Fingerprint(s.Source)
			settings[fmt.Sprintf("weight of dataset %d", i+1)] = float(s.Weight)
		}
	} else {
		settings[filesSetting] = dataset.Fingerprint(t.data)
	}
	if s := c.Schedule.String(); s != "constant" {
		settings["schedule"] = s
	}
	if c.WeightDecay != 0 {
		settings["weight decay"] = float(c.WeightDecay)
	}
	if c.MaxGradNorm != 0 {
		settings["gradient norm"] = float(c.MaxGradNorm)
	}
	if d, ok := t.net.(described); ok {
		a := d.Arch()
		settings["filters"], settings["res blocks"] = fmt.Sprint(a.Filters), strconv.Itoa(a.Blocks)
		if a.Name != "tutorial" { // the only network there was when checkpoints did not name it
			settings["network"] = a.Name
		}
	}
	if d, ok := t.net.(Describer); ok {
		d.Describe(settings)
	}
	for _, o := range t.objectives {
		if d, ok := o.(Describer); ok {
			d.Describe(settings)
		}
	}
	return settings
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// updateChecksum adds values to the CRC-32C of little-endian float32s.
func updateChecksum(sum uint32, values []float32) uint32 {
	var b [4096]byte
	for chunk := range slices.Chunk(values, len(b)/4) {
		for i, v := range chunk {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		}
		sum = crc32.Update(sum, castagnoli, b[:4*len(chunk)])
	}
	return sum
}

// state returns a copy of all that the run needs to continue from here.
func (t *Trainer) state() *checkpoint.State {
	adam := t.opt.State()
	p := t.progress
	p.LearningRate, p.Planned = t.rate, t.planned
	p.LossSums = maps.Clone(p.LossSums)
	p.Backend, p.Settings, p.Origin = t.be.Name(), t.settings, t.cfg.Origin
	return &checkpoint.State{Progress: p, Weights: nn.StateDict(t.net.Params()), ExpAvg: adam.ExpAvg, ExpAvgSq: adam.ExpAvgSq}
}

// restore continues from s, which must be of this run, but for the learning rate.
func (t *Trainer) restore(s *checkpoint.State) error {
	if diff := differences(s.Settings, t.settings); len(diff) > 0 {
		return fmt.Errorf("the settings differ from those that the run began with: %s", strings.Join(diff, "; "))
	}
	if err := nn.LoadStateDict(t.net.Params(), s.Weights, true); err != nil {
		return err
	}
	if err := t.opt.SetState(nn.AdamState{Step: s.Step, ExpAvg: s.ExpAvg, ExpAvgSq: s.ExpAvgSq}); err != nil {
		return err
	}
	if t.rate = s.LearningRate; s.Settings[rateSetting] != t.settings[rateSetting] {
		t.rate = t.cfg.LearningRate // chosen anew
	}
	if s.Planned > 0 {
		t.planned = s.Planned
	}
	t.progress = s.Progress
	t.progress.LossSums = maps.Clone(s.LossSums)
	return nil
}

// differences describes where the settings now are not what they were.
func differences(was, now map[string]string) (diff []string) {
	all := maps.Clone(now)
	maps.Copy(all, was)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		before, then := was[name]
		after, still := now[name]
		switch {
		case before == after || name == rateSetting || name == filesSetting && !then:
		case !then:
			diff = append(diff, fmt.Sprintf("%s is %s, was not set", name, after))
		case !still:
			diff = append(diff, fmt.Sprintf("%s is not set, was %s", name, before))
		default:
			diff = append(diff, fmt.Sprintf("%s is %s, was %s", name, after, before))
		}
	}
	return diff
}
