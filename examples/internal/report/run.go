package report

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/klauspost/cpuid/v2"

	"github.com/impasto-go/impasto/internal/printable"
)

// Run is the content of run.json.
type Run struct {
	Program  string            `json:"program"`  // such as "train"
	Settings json.RawMessage   `json:"settings"` // the program's, an object
	Seed     uint64            `json:"seed"`
	Style    File              `json:"style,omitzero"`
	Weights  File              `json:"weights,omitzero"` // of VGG-19
	Started  time.Time         `json:"started"`
	Ended    time.Time         `json:"ended,omitzero"`
	Outcome  string            `json:"outcome,omitempty"` // such as "finished" or "stopped"
	Steps    int               `json:"steps"`             // done
	Losses   map[string]Number `json:"losses,omitempty"`  // of the last step, by term
	Flicker  *Glance           `json:"flicker,omitempty"` // of the last sample
	// GramTraces are the traces of the style's Gram matrices, by layer: train.Perceptual.
	GramTraces map[string]Number `json:"gram_traces,omitempty"`
	Versions   Versions          `json:"versions"`
	Host       Host              `json:"host"`
}

// Number is a number that may be infinite or none, which JSON has no other form for
// than null.
type Number float64

// MarshalJSON writes null for what is no number.
func (n Number) MarshalJSON() ([]byte, error) {
	if v := float64(n); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// File identifies a file by its content.
type File struct {
	Path   string `json:"path"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Versions are those of what the program was built from.
type Versions struct {
	Go       string `json:"go"`
	Module   string `json:"module,omitempty"`   // path and version of the main module
	Revision string `json:"revision,omitempty"` // of its version control
	Modified bool   `json:"modified,omitempty"` // since that revision
}

// Host describes the computer.
type Host struct {
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	CPU        string `json:"cpu,omitempty"`
	Processors int    `json:"processors"`
	Device     string `json:"device"` // the backend's name, with its instruction set
}

// NewRun describes a run of this program that starts now with settings, which must
// be a value that JSON can represent as an object. device is the name of the
// backend.
func NewRun(program string, settings any, seed uint64, device string) (*Run, error) {
	r := &Run{Program: program, Seed: seed, Started: now(), Versions: versions(), Host: host(device)}
	return r, r.setSettings(settings)
}

func (r *Run) setSettings(settings any) error {
	b, err := json.Marshal(settings)
	if err != nil {
		return fmt.Errorf("report: settings: %w", err)
	}
	if !bytes.HasPrefix(b, []byte("{")) {
		return fmt.Errorf("report: settings of type %T are no JSON object", settings)
	}
	r.Settings = b
	return nil
}

// End notes when and how the run ended, how many steps it had done by then, and the
// losses of the last.
func (r *Run) End(outcome string, steps int, losses map[string]Number) {
	r.Ended, r.Outcome, r.Steps, r.Losses = now(), outcome, steps, losses
}

// Write makes or replaces the file at path, whole or not at all.
func (r *Run) Write(path string) error {
	b, err := r.encode()
	if err == nil {
		err = writeFile(path, b)
	}
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}

func (r *Run) encode() ([]byte, error) {
	b, err := json.MarshalIndent(r, "", "\t")
	return append(printable.JSON(b), '\n'), err
}

// maxRunFile bounds the memory that reading a foreign file takes.
const maxRunFile = 1 << 20

// ReadRun reads the file at path and, unless settings is nil, its settings into
// what settings points to. Settings that are unknown there are an error, because
// a run must not continue without them; ones that the file lacks keep their value.
func ReadRun(path string, settings any) (*Run, error) {
	r, err := readRun(path, settings)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	return r, nil
}

func readRun(path string, settings any) (*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxRunFile+1))
	if err != nil {
		return nil, err
	}
	r, err := ParseRun(b, settings)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// ParseRun reads the content of a run.json as ReadRun does.
func ParseRun(b []byte, settings any) (*Run, error) {
	if len(b) > maxRunFile {
		return nil, fmt.Errorf("more than %d bytes are no run.json", maxRunFile)
	}
	r := &Run{}
	if err := json.Unmarshal(b, r); err != nil {
		return nil, err
	}
	if len(r.Settings) == 0 {
		return nil, errors.New("it has no settings: is it a run.json?")
	}
	if settings == nil {
		return r, nil
	}
	d := json.NewDecoder(bytes.NewReader(r.Settings))
	d.DisallowUnknownFields()
	if err := d.Decode(settings); err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return r, nil
}

// HashFile identifies the file at path.
func HashFile(path string) (File, error) {
	f, err := os.Open(path)
	if err != nil {
		return File{}, fmt.Errorf("report: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return File{}, fmt.Errorf("report: %w", err)
	}
	return File{Path: path, Bytes: n, SHA256: hex.EncodeToString(h.Sum(nil))}, nil
}

// Same returns an error if f is not the file that other was.
func (f File) Same(other File) error {
	if f.SHA256 != other.SHA256 || f.Bytes != other.Bytes {
		return errors.New("report: " + f.Path + " is not the file that the run began with: its SHA-256 is " + short(f.SHA256) + ", then it was " + short(other.SHA256))
	}
	return nil
}

func short(sum string) string { return sum[:min(len(sum), 12)] + "..." }

// now leaves out the monotonic clock and fractions, which a file does not keep.
func now() time.Time { return time.Now().Round(time.Second) }

func versions() Versions {
	v := Versions{Go: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	v.Module = info.Main.Path + " " + info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}

func host(device string) Host {
	return Host{OS: runtime.GOOS, Arch: runtime.GOARCH, CPU: cpuid.CPU.BrandName, Processors: runtime.NumCPU(), Device: device}
}
