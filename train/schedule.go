package train

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Schedule changes the learning rate in the course of a run.
type Schedule interface {
	// Factor returns what Config.LearningRate is multiplied by for a step, counted
	// from 0, of a run of so many steps. A step may lie beyond them, in a run that was
	// prolonged.
	Factor(step, steps int) float64
	// String describes the schedule, as ParseSchedule reads it.
	String() string
}

// Constant leaves the learning rate as it is.
type Constant struct{}

// Factor implements Schedule.
func (Constant) Factor(int, int) float64 { return 1 }

func (Constant) String() string { return "constant" }

// StepDecay multiplies the learning rate by By every so many steps, as PyTorch's
// StepLR does.
type StepDecay struct {
	Every int     // steps, at least 1
	By    float64 // from 0 to 1
}

// Factor implements Schedule.
func (s StepDecay) Factor(step, _ int) float64 { return math.Pow(s.By, float64(step/s.Every)) }

func (s StepDecay) String() string {
	return fmt.Sprintf("step:%d:%s", s.Every, strconv.FormatFloat(s.By, 'g', -1, 64))
}

// Cosine lets the learning rate fall along half a wave of the cosine to Least of it
// (Loshchilov and Hutter, arXiv:1608.03983), as PyTorch's CosineAnnealingLR does
// with T_max being the steps of the run. Beyond them it stays there.
type Cosine struct {
	Least float64 // from 0 to 1
}

// Factor implements Schedule.
func (s Cosine) Factor(step, steps int) float64 {
	at := min(float64(step)/float64(max(steps, 1)), 1)
	return s.Least + (1-s.Least)*(1+math.Cos(math.Pi*at))/2
}

func (s Cosine) String() string {
	return "cosine:" + strconv.FormatFloat(s.Least, 'g', -1, 64)
}

// WarmUp raises the learning rate in equal parts during its first Steps, the last of
// which has all of it, and leaves what remains of the run to Then: PyTorch's LinearLR
// from 1/Steps, followed by another scheduler.
type WarmUp struct {
	Steps int      // at least 1
	Then  Schedule // Constant if nil
}

// Factor implements Schedule.
func (s WarmUp) Factor(step, steps int) float64 {
	switch {
	case step < s.Steps:
		return float64(step+1) / float64(s.Steps)
	case s.Then == nil:
		return 1
	}
	return s.Then.Factor(step-s.Steps, steps-s.Steps)
}

func (s WarmUp) String() string {
	text := fmt.Sprintf("warmup:%d", s.Steps)
	if s.Then != nil {
		text += "," + s.Then.String()
	}
	return text
}

// ParseSchedule reads "constant", "step:EVERY:BY" such as step:5000:0.5, "cosine" or
// "cosine:LEAST", each optionally after "warmup:STEPS,". Empty means constant.
func ParseSchedule(text string) (Schedule, error) {
	s, err := parseSchedule(text)
	if err != nil {
		return nil, fmt.Errorf("schedule %.60q: %w", text, err)
	}
	return s, nil
}

var errSchedule = errors.New("want constant, step:EVERY:BY, cosine or cosine:LEAST, optionally after warmup:STEPS, as in warmup:500,cosine:0.1")

func parseSchedule(text string) (Schedule, error) {
	first, then, more := strings.Cut(text, ",")
	kind, args, _ := strings.Cut(first, ":")
	if kind == "warmup" {
		steps, err := strconv.Atoi(args)
		if err != nil || steps < 1 {
			return nil, errSchedule
		}
		if !more {
			return WarmUp{Steps: steps}, nil
		}
		s, err := parseSchedule(then)
		if _, twice := s.(WarmUp); err != nil || twice {
			return nil, errSchedule
		}
		return WarmUp{Steps: steps, Then: s}, nil
	}
	fraction := func(text string) (float64, error) {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || !(v >= 0 && v <= 1) {
			return 0, errSchedule
		}
		return v, nil
	}
	switch {
	case more:
	case text == "" || text == "constant":
		return Constant{}, nil
	case text == "cosine":
		return Cosine{}, nil
	case kind == "cosine":
		least, err := fraction(args)
		return Cosine{least}, err
	case kind == "step":
		every, by, _ := strings.Cut(args, ":")
		n, err := strconv.Atoi(every)
		if err != nil || n < 1 {
			return nil, errSchedule
		}
		factor, err := fraction(by)
		return StepDecay{n, factor}, err
	}
	return nil, errSchedule
}
