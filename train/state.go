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
)

// rateSetting is the one setting that a resumed run may change: whoever chooses
// another has a reason.
const rateSetting = "learning rate"

// describe lists what a resumed run must have in common with its beginning. style
// is the style picture as the run uses it.
func (t *Trainer) describe(style []float32) map[string]string {
	c, a := &t.cfg, t.net.Arch()
	float := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	var layers []string
	for _, s := range c.StyleLayers {
		layers = append(layers, s.Layer.String()+":"+float(s.Weight))
	}
	settings := map[string]string{
		"batch size":     strconv.Itoa(c.BatchSize),
		"image size":     strconv.Itoa(c.ImageSize),
		rateSetting:      float(c.LearningRate),
		"content weight": float(c.ContentWeight),
		"style weight":   float(c.StyleWeight),
		"style layers":   strings.Join(layers, ","),
		"shuffle":        strconv.FormatBool(c.Shuffle),
		"seed":           strconv.FormatUint(c.Seed, 10),
		"pictures":       strconv.Itoa(t.data.Len()),
		"filters":        fmt.Sprint(a.Filters),
		"res blocks":     strconv.Itoa(a.Blocks),
		"style picture":  fmt.Sprintf("%08x", checksum(style)),
		"vgg weights":    fmt.Sprintf("%08x", t.features.Checksum()),
	}
	if a.Name != "tutorial" { // the only network there was when checkpoints did not name it
		settings["network"] = a.Name
	}
	return settings
}

// checksum is the CRC-32C of values as little-endian float32.
func checksum(values []float32) uint32 {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
}

// state returns a copy of all that the run needs to continue from here.
func (t *Trainer) state() *checkpoint.State {
	adam := t.opt.State()
	p := t.progress
	p.LearningRate = t.opt.LR
	p.Backend, p.Settings, p.Origin = t.be.Name(), t.settings, t.cfg.Origin
	return &checkpoint.State{Progress: p, Weights: t.net.StateDict(), ExpAvg: adam.ExpAvg, ExpAvgSq: adam.ExpAvgSq}
}

// restore continues from s, which must be of this run, but for the learning rate.
func (t *Trainer) restore(s *checkpoint.State) error {
	if diff := differences(s.Settings, t.settings); len(diff) > 0 {
		return fmt.Errorf("the settings differ from those that the run began with: %s", strings.Join(diff, "; "))
	}
	if err := t.net.LoadStateDict(s.Weights, true); err != nil {
		return err
	}
	if err := t.opt.SetState(nn.AdamState{Step: s.Step, ExpAvg: s.ExpAvg, ExpAvgSq: s.ExpAvgSq}); err != nil {
		return err
	}
	if t.opt.LR = s.LearningRate; s.Settings[rateSetting] != t.settings[rateSetting] {
		t.opt.LR = t.cfg.LearningRate // chosen anew
	}
	t.progress = s.Progress
	return nil
}

// differences describes where the settings now are not what they were.
func differences(was, now map[string]string) (diff []string) {
	for _, name := range slices.Sorted(maps.Keys(now)) {
		if was[name] != now[name] && name != rateSetting {
			diff = append(diff, fmt.Sprintf("%s is %s, was %s", name, now[name], was[name]))
		}
	}
	return diff
}
