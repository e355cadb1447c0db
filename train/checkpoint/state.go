package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
)

// State is all that a training run needs to continue exactly where it was.
type State struct {
	Progress
	Weights          statedict.Dict // of the network
	ExpAvg, ExpAvgSq statedict.Dict // Adam's moments, by the weights' names
}

// Progress is the part of a State that is not tensors.
type Progress struct {
	Step   int `json:"step"`   // steps done since the start of the run
	Epoch  int `json:"epoch"`  // the epoch being trained, from 0
	Batch  int `json:"batch"`  // batches of it that are done
	Images int `json:"images"` // pictures in those batches

	LossSums map[string]float64 `json:"loss_sums"` // of the weighted losses of those batches, by term

	LearningRate float64 `json:"learning_rate"` // the current one, without its schedule
	Planned      int     `json:"planned"`       // steps of the whole run, as it began
	Backend      string  `json:"backend"`       // device and instruction set that computed it

	// Settings are what must be equal for the run to go on as it began.
	Settings map[string]string `json:"settings"`
	// Origin is what the program that trains wants to find again when it resumes,
	// such as its command line.
	Origin string `json:"origin,omitempty"`
}

// Metadata keys of the file.
const (
	progressKey = "impasto.progress"        // Progress as JSON
	digestKey   = "impasto.progress.sha256" // of that JSON, in hex
)

// The parts of the file, as prefixes of its tensors' names.
const (
	weightsPrefix  = "weights."
	expAvgPrefix   = "exp_avg."
	expAvgSqPrefix = "exp_avg_sq."
)

// write puts s at path, atomically.
func write(path string, s *State) error {
	d, metadata, err := s.encode()
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return safetensors.WriteFile(path, d, metadata)
}

// Bytes returns the file's content.
func (s *State) Bytes() ([]byte, error) {
	d, metadata, err := s.encode()
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = safetensors.Write(&b, d, metadata)
	return b.Bytes(), err
}

// FromBytes is the inverse of Bytes. What is damaged is an error.
func FromBytes(b []byte) (*State, error) {
	d, metadata, err := safetensors.Read(bytes.NewReader(b), int64(len(b)), safetensors.RequireChecksum())
	if err != nil {
		return nil, err
	}
	return decode(d, metadata)
}

// encode returns the tensors and the metadata of the file.
func (s *State) encode() (d statedict.Dict, metadata map[string]string, err error) {
	progress, err := json.Marshal(s.Progress)
	if err != nil {
		return nil, nil, err
	}
	for _, part := range []struct {
		prefix string
		dict   statedict.Dict
	}{{weightsPrefix, s.Weights}, {expAvgPrefix, s.ExpAvg}, {expAvgSqPrefix, s.ExpAvgSq}} {
		for _, e := range part.dict {
			e.Name = part.prefix + e.Name
			d = append(d, e)
		}
	}
	return d, map[string]string{progressKey: string(progress), digestKey: digest(string(progress))}, nil
}

// Read returns the State in the file at path. Every byte that matters is covered
// by a checksum: a damaged file is an error that wraps safetensors.ErrCorrupt.
func Read(path string) (*State, error) {
	d, metadata, err := safetensors.ReadFile(path, safetensors.RequireChecksum())
	if err != nil {
		return nil, err
	}
	s, err := decode(d, metadata)
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, safetensors.ErrCorrupt, err)
	}
	return s, nil
}

// decode is the inverse of encode.
func decode(d statedict.Dict, metadata map[string]string) (*State, error) {
	text, ok := metadata[progressKey]
	if !ok {
		return nil, errors.New("it holds no training state")
	}
	if digest(text) != metadata[digestKey] {
		return nil, errors.New("its progress does not match its checksum")
	}
	s := &State{}
	if err := json.Unmarshal([]byte(text), &s.Progress); err != nil {
		return nil, fmt.Errorf("its progress: %w", err)
	}
	if s.LossSums == nil { // before objectives had names
		var old struct {
			Content float64 `json:"content_sum"`
			Style   float64 `json:"style_sum"`
		}
		if err := json.Unmarshal([]byte(text), &old); err != nil {
			return nil, fmt.Errorf("its progress: %w", err)
		}
		s.LossSums = map[string]float64{"content": old.Content, "style": old.Style}
	}
	if err := s.Progress.check(); err != nil {
		return nil, err
	}
	for _, e := range d {
		switch {
		case cutPrefix(&e.Name, weightsPrefix):
			s.Weights = append(s.Weights, e)
		case cutPrefix(&e.Name, expAvgPrefix):
			s.ExpAvg = append(s.ExpAvg, e)
		case cutPrefix(&e.Name, expAvgSqPrefix):
			s.ExpAvgSq = append(s.ExpAvgSq, e)
		default:
			return nil, fmt.Errorf("a tensor called %.80q", e.Name)
		}
	}
	return s, nil
}

func (p *Progress) check() error {
	if min(p.Step, p.Epoch, p.Batch, p.Images, p.Planned) < 0 {
		return fmt.Errorf("a counter is negative")
	}
	if !(p.LearningRate > 0) || math.IsInf(p.LearningRate, 0) {
		return fmt.Errorf("learning rate %v", p.LearningRate)
	}
	return nil
}

func cutPrefix(name *string, prefix string) bool {
	rest, ok := strings.CutPrefix(*name, prefix)
	if ok {
		*name = rest
	}
	return ok
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
