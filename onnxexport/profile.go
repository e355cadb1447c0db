package onnxexport

import (
	"fmt"
	"slices"
	"strings"
)

// Profile is a family of programs that read ONNX files, and what they want.
type Profile int

const (
	// Barracuda is Unity's Barracuda 1.0.4 to 3.0: opset 9.
	Barracuda Profile = iota
	// Sentis is Unity's Sentis, also called Inference Engine: opset 15.
	Sentis
	// ONNXRuntime is ONNX Runtime on all platforms, the web included: frames of
	// any size.
	ONNXRuntime
	// Static is for whatever compiles a graph for one frame size: DirectML,
	// TensorRT, WebNN, CoreML and its converters, Unreal's NNE.
	Static
	// OpenCV is the dnn module of OpenCV 4.5 and later.
	OpenCV
)

// sizing says which frame sizes a target's files may declare.
type sizing int

const (
	fixed      sizing = iota // one height and width
	byDefault                // symbolic unless a size is given
	onRequest                // fixed unless symbolic sizes are asked for
	alwaysOpen               // symbolic
)

// target is what a profile stands for; the rules that its files keep are in
// rules.go.
type target struct {
	name                 string
	opset, oldest, opsup int64 // the default and the bounds of -opset
	size                 sizing
	openBatch            bool      // the number of frames may be symbolic
	ownSymbols           bool      // the output's sizes have symbols of their own
	values               bool      // the file tells the shapes of values between
	anySize              bool      // padding and cropping in the graph
	half                 Precision // the furthest that its programs follow
}

var targets = map[Profile]target{
	Barracuda:   {name: "barracuda", opset: 9, oldest: 9, opsup: 9, size: onRequest, openBatch: true},
	Sentis:      {name: "sentis", opset: 15, oldest: 13, opsup: 15, size: byDefault, openBatch: true, values: true, anySize: true, half: HalfWeights},
	ONNXRuntime: {name: "onnxruntime", opset: 15, oldest: 9, opsup: 17, size: alwaysOpen, openBatch: true, ownSymbols: true, values: true, anySize: true, half: HalfValues},
	Static:      {name: "static", opset: 15, oldest: 11, opsup: 17, size: fixed, openBatch: true, values: true, anySize: true, half: HalfValues},
	OpenCV:      {name: "opencv", opset: 11, oldest: 9, opsup: 13, size: fixed, values: true},
}

// String returns the profile's name.
func (p Profile) String() string {
	if t, ok := targets[p]; ok {
		return t.name
	}
	return fmt.Sprintf("Profile(%d)", int(p))
}

// Profiles returns the names of all profiles.
func Profiles() []string {
	names := make([]string, 0, len(targets))
	for p := range Profile(len(targets)) {
		names = append(names, p.String())
	}
	return names
}

// ParseProfile returns the profile called name. What was called runtime before
// there were others is onnxruntime.
func ParseProfile(name string) (Profile, error) {
	if name == "runtime" {
		return ONNXRuntime, nil
	}
	if i := slices.Index(Profiles(), name); i >= 0 {
		return Profile(i), nil
	}
	return 0, fmt.Errorf("onnxexport: unknown profile %q: use %s", name, strings.Join(Profiles(), ", "))
}

// irOf returns the version of the file format that was released with an operator
// set; readers refuse newer ones.
func irOf(opset int64) int64 {
	switch {
	case opset < 11:
		return 6 // what PyTorch writes too
	case opset < 15:
		return 7
	default:
		return 8
	}
}
