package onnxexport

import "fmt"

// Profile is a family of ONNX consumers.
type Profile int

const (
	// Barracuda is Unity's Barracuda 1.0.4 to 3.0 (and whatever else reads
	// opset 9): Pad with attributes, Upsample, a fixed frame size.
	Barracuda Profile = iota
	// Runtime is ONNX Runtime, Unity Sentis / Inference Engine and the web:
	// opset 15, Pad-13 and Resize-13, symbolic height and width.
	Runtime
)

// profiles holds the versions that each profile stands for: Barracuda reads IR
// versions up to 6, and IR 8 is the one released with opset 15.
var profiles = map[Profile]struct {
	name      string
	opset, ir int64
}{
	Barracuda: {"barracuda", 9, 6},
	Runtime:   {"runtime", 15, 8},
}

// String returns the profile's name, barracuda or runtime.
func (p Profile) String() string {
	if s, ok := profiles[p]; ok {
		return s.name
	}
	return fmt.Sprintf("Profile(%d)", int(p))
}

// ParseProfile returns the profile called name.
func ParseProfile(name string) (Profile, error) {
	for p, s := range profiles {
		if s.name == name {
			return p, nil
		}
	}
	return 0, fmt.Errorf("onnxexport: unknown profile %q: use barracuda or runtime", name)
}

// Profile tells which profile the model was written for, by its operator set.
func (m *Model) Profile() (Profile, error) {
	if len(m.Opsets) > 0 && m.Opsets[0].Domain == "" {
		for p, s := range profiles {
			if s.opset == m.Opsets[0].Version {
				return p, nil
			}
		}
	}
	return 0, fmt.Errorf("onnxexport: operator sets %v: expected version 9 (barracuda) or 15 (runtime) of the standard operators", m.Opsets)
}
