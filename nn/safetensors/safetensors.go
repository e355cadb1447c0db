// Package safetensors reads and writes state dicts in the safetensors format
// (github.com/huggingface/safetensors): an 8-byte length, a JSON header that
// names the tensors, and their bytes. It holds no code, so it is the format to
// prefer for weights that travel.
//
// The reader is strict: the header is at most 100 MB and starts with '{', keys
// are unique, the tensors fill the file without hole, overlap or remainder, and
// memory stays within a budget (WithMaxBytes) whatever the file claims. F16, BF16
// and F64 tensors become float32, and so do bool and integer ones whose values
// float32 holds exactly; an integer beyond ±2^24 is an error.
//
// The format has no checksum of its own. Write adds one to the header's metadata
// under the key "impasto.sha256": for each tensor in the order of the data, in
// hex and separated by spaces, the SHA-256 of its name, a zero byte, its dtype, a
// zero byte, its shape as in the header without spaces ("[8,3,9,9]"), a zero byte,
// and its data. Read verifies it when it is there.
package safetensors

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// checksumKey is the metadata key of the checksums.
const checksumKey = "impasto.sha256"

// Errors that errors.Is finds in what this package returns; the same values as in
// packages pth and weights.
var (
	// ErrCorrupt: the file is damaged, truncated, or uses what this package does not support.
	ErrCorrupt = tensorio.ErrCorrupt
	// ErrTooLarge: the tensors asked for do not fit the memory limit, see WithMaxBytes.
	ErrTooLarge = tensorio.ErrTooLarge
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

// WithMaxBytes limits the memory spent on the file's content to n bytes. The
// default is twice the file's size and 8 MiB.
func WithMaxBytes(n int64) Option {
	return func(o *tensorio.ReadOptions) { o.MaxBytes = n }
}

// RequireChecksum refuses files without the checksum that Write adds, for those
// that are known to come from Write.
func RequireChecksum() Option {
	return func(o *tensorio.ReadOptions) { o.RequireChecksum = true }
}

// ReadFile is Read for the file at path; its errors name the file.
func ReadFile(path string, opts ...Option) (statedict.Dict, map[string]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	d, metadata, err := Read(f, info.Size(), opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, metadata, nil
}

// WriteFile writes d and metadata to path. The file appears, or replaces an older
// one, only when it is complete and on disk.
func WriteFile(path string, d statedict.Dict, metadata map[string]string) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return Write(w, d, metadata) })
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}

// WriteHalfFile is WriteFile with F16 tensors: see WriteHalf.
func WriteHalfFile(path string, d statedict.Dict, metadata map[string]string) error {
	err := atomicfile.Write(path, func(w io.Writer) error { return WriteHalf(w, d, metadata) })
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	return nil
}
