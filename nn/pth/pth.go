// Package pth reads and writes the state dicts that PyTorch's torch.save stores
// in .pth files, without Python and without its risks.
//
// Read understands the zip container (PyTorch 1.6 and later) and the legacy one
// (torchvision's VGG files). A .pth file is a program for Python's pickle
// machine; this package runs only the opcodes that build a state dict, imitates
// the few functions one needs, and refuses every other name with ErrUnsafe.
// Whatever a file claims, memory stays within a budget (WithMaxBytes), and
// nothing panics.
//
// Half precision, bfloat16 and float64 tensors become float32, and so do bool and
// integer ones (such as num_batches_tracked) whose values float32 holds exactly;
// an integer beyond ±2^24 is an error. Parameters, shared storages and any
// strides are resolved to plain row-major data. Values that are not tensors are
// left out, and so are those of the classes that checkpoints hold beside the weights
// (sets, counters, devices, NumPy's numbers): they are read over and nothing of
// them runs. The state dict may lie anywhere in a checkpoint; if there are several,
// the one under the most telling key is read ("state_dict", "model", "generator").
// The pickle protocols 1 to 5 are understood in both containers.
//
// Records of the zip container must not overlap, and what is decoded is charged
// against a budget, so that the time stays in proportion to the file's size.
//
// The zip container's CRC-32 of every record that is used is verified, which
// PyTorch does not do. The legacy container has no checksum: a changed byte in
// its weights cannot be noticed. Convert such files to safetensors once.
package pth

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Errors that errors.Is finds in what this package returns. ErrCorrupt and
// ErrTooLarge are the same values in packages safetensors and weights.
var (
	// ErrCorrupt: the file is damaged, truncated, or uses what this package does not support.
	ErrCorrupt = tensorio.ErrCorrupt
	// ErrTooLarge: the tensors asked for do not fit the memory limit, see WithMaxBytes.
	ErrTooLarge = tensorio.ErrTooLarge
	// ErrUnsafe: the file refers to Python code that no state dict needs.
	ErrUnsafe = errors.New("unsafe pickle")
)

// Option changes how Read reads; those of packages pth, safetensors and weights
// are interchangeable.
type Option = tensorio.ReadOption

// WithFilter reads only the tensors whose name keep accepts. The data of the
// others is neither read nor checked.
func WithFilter(keep func(name string) bool) Option {
	return func(o *tensorio.ReadOptions) { o.Filter = keep }
}

// WithContext ends the reading with ctx's error when ctx is done.
func WithContext(ctx context.Context) Option {
	return func(o *tensorio.ReadOptions) { o.Context = ctx }
}

// WithNote has note told, in a line, what is not as one would expect, such as under
// which key the weights were found.
func WithNote(note func(line string)) Option {
	return func(o *tensorio.ReadOptions) { o.Note = note }
}

// WithMaxBytes limits the memory spent on the file's content to n bytes. The
// default is twice the file's size and 8 MiB, enough for any file that is not
// compressed and whose tensors do not overlap.
func WithMaxBytes(n int64) Option {
	return func(o *tensorio.ReadOptions) { o.MaxBytes = n }
}

// ReadFile is Read for the file at path; its errors name the file.
func ReadFile(path string, opts ...Option) (statedict.Dict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	d, err := Read(f, info.Size(), opts...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// Read returns the state dict in the size bytes of r, in the file's order.
func Read(r io.ReaderAt, size int64, opts ...Option) (statedict.Dict, error) {
	options := tensorio.NewReadOptions(opts)
	fault := &tensorio.FaultReader{R: r, Context: options.Context}
	l := &loader{
		r: fault, size: size, options: options,
		budget: tensorio.NewBudget(options.MaxBytes, size),
		groups: map[string][]int{},
	}
	d, err := l.load()
	if fault.Err != nil {
		return nil, fmt.Errorf("reading: %w", fault.Err)
	}
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, ErrCorrupt), errors.Is(err, ErrUnsafe), errors.Is(err, ErrTooLarge):
		return nil, err
	case errors.Is(err, zip.ErrFormat):
		return nil, fmt.Errorf("%w: the zip directory at its end is missing or damaged (is it a complete download?)", ErrCorrupt)
	default: // what archive/zip and compress/flate make of corrupt data
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
}

// loader holds the state of one Read.
type loader struct {
	r       io.ReaderAt
	size    int64
	options tensorio.ReadOptions
	budget  *tensorio.Budget

	tensors []*tensor // as dict
	dict    statedict.Dict
	keys    []string         // of the storages wanted, in order of first use
	groups  map[string][]int // the tensors of each
	decoder tensorio.Decoder
	scratch []float32
}

func (l *loader) load() (statedict.Dict, error) {
	var head [len(legacyMagic)]byte
	n, err := l.r.ReadAt(head[:], 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case n >= 4 && string(head[:4]) == "PK\x03\x04":
		err = l.loadZip()
	case n > 0 && head[0] == opProto, strings.HasPrefix(legacyText, string(head[:n])):
		err = l.loadLegacy()
	default:
		err = fmt.Errorf("%w: it does not start like a file of torch.save", ErrCorrupt)
	}
	return l.dict, err
}

// fill reads the storage with the given key from r and gives the tensors in it
// their data.
func (l *loader) fill(key string, r io.Reader) error {
	group := l.groups[key]
	first := l.tensors[group[0]]
	s := first.storage
	what := fmt.Sprintf("tensor %.80q", l.dict[group[0]].Name)
	if len(group) == 1 && first.whole() {
		data, err := l.budget.Floats(s.numel, what)
		if err != nil {
			return err
		}
		l.dict[group[0]].Data = data
		return describe(l.decoder.Decode(data, r, s.dtype), what)
	}
	if int64(len(l.scratch)) < s.numel {
		var err error
		if l.scratch, err = l.budget.Floats(s.numel, what); err != nil {
			return err
		}
	}
	src := l.scratch[:s.numel]
	if err := l.decoder.Decode(src, r, s.dtype); err != nil {
		return describe(err, what)
	}
	for _, i := range group {
		t := l.tensors[i]
		n, _ := tensorio.NumElements(t.shape)
		data, err := l.budget.Floats(n, fmt.Sprintf("tensor %.80q", l.dict[i].Name))
		if err != nil {
			return err
		}
		t.gather(data, src)
		l.dict[i].Data = data
	}
	return nil
}

func describe(err error, what string) error {
	if err != nil {
		err = fmt.Errorf("%w: %s: %w", ErrCorrupt, what, err)
	}
	return err
}

// gather copies the tensor's elements from its storage in row-major order.
func (t *tensor) gather(dst, src []float32) {
	index := make([]int, len(t.shape))
	at := t.offset
	for i := range dst {
		dst[i] = src[at]
		for k := len(index) - 1; k >= 0; k-- {
			index[k]++
			at += t.stride[k]
			if index[k] < t.shape[k] {
				break
			}
			at -= int64(index[k]) * t.stride[k]
			index[k] = 0
		}
	}
}
