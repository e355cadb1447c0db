// Package weights opens and saves weights files of either format that the library
// knows, PyTorch's .pth (package pth) and safetensors (package safetensors).
package weights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
)

// Errors that errors.Is finds in what ReadFile returns, whatever the format.
var (
	ErrCorrupt  = pth.ErrCorrupt  // damaged, truncated, or not a weights file at all
	ErrTooLarge = pth.ErrTooLarge // does not fit the memory limit
	ErrUnsafe   = pth.ErrUnsafe   // a .pth file that refers to Python code
)

// Option changes how ReadFile reads; those of packages pth, safetensors and
// weights are interchangeable.
type Option = pth.Option

// WithFilter reads only the tensors whose name keep accepts.
func WithFilter(keep func(name string) bool) Option { return pth.WithFilter(keep) }

// WithMaxBytes limits the memory spent on the file's content to n bytes, by
// default twice the file's size and 8 MiB.
func WithMaxBytes(n int64) Option { return pth.WithMaxBytes(n) }

// ReadFile reads the state dict in the file at path, whose content, not name,
// tells the format. Errors name the file and say what to do about it.
func ReadFile(path string, opts ...Option) (statedict.Dict, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights file: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("weights file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("weights file %s is not a regular file: name a .pth or .safetensors file", path)
	}
	d, err := read(f, info.Size(), opts)
	if err != nil {
		return nil, fmt.Errorf("weights file %s: %w", path, err)
	}
	return d, nil
}

func read(r io.ReaderAt, size int64, opts []Option) (statedict.Dict, error) {
	if size == 0 {
		return nil, fmt.Errorf("%w: it is empty; download or copy it again", ErrCorrupt)
	}
	head := make([]byte, min(size, 512))
	if _, err := r.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	var d statedict.Dict
	var err error
	switch {
	case len(head) > 8 && head[8] == '{': // first, as the length before it may be any bytes
		d, _, err = safetensors.Read(r, size, opts...)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), head[0] == 0x80:
		d, err = pth.Read(r, size, opts...)
	default:
		return nil, fmt.Errorf("%w: %s", ErrCorrupt, diagnose(head))
	}
	if errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w (if it was downloaded or copied, do that again and compare the sizes)", err)
	}
	return d, err
}

// diagnose says what a file that is no weights file probably is.
func diagnose(head []byte) string {
	text := strings.ToLower(string(bytes.TrimSpace(head)))
	switch {
	case strings.HasPrefix(text, "<"):
		return "it is a web page; download the file itself, by its direct link"
	case strings.HasPrefix(text, "version https://git-lfs"):
		return "it is a Git LFS pointer; fetch the content with git lfs pull"
	case bytes.Count(head, []byte{0}) == len(head):
		return "it begins with zeros, probably an unfinished download; download it again"
	default:
		return "it is neither a PyTorch .pth nor a safetensors file"
	}
}

// WriteFile writes d to path, in the format of its extension: .pth (or .pt) or
// .safetensors. The file appears, or replaces an older one, only when it is
// complete and on disk.
func WriteFile(path string, d statedict.Dict) error {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".pth", ".pt":
		return pth.WriteFile(path, d)
	case ".safetensors":
		return safetensors.WriteFile(path, d, nil)
	default:
		return fmt.Errorf("weights file %s: the extension %q is unknown; use .pth or .safetensors", path, ext)
	}
}
