// Package weights opens weights files of any format that the library knows,
// PyTorch's .pth (package pth), safetensors (package safetensors) and ONNX (package
// onnx), and saves those of the first two.
package weights

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/nn/internal/tensorio"
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

// WithContext ends the reading with ctx's error when ctx is done.
func WithContext(ctx context.Context) Option { return pth.WithContext(ctx) }

// WithNote has note told, in a line, what is not as one would expect: under which
// key of a checkpoint the weights were found, what was taken out of names, and where
// the metadata of an ONNX file contradict it.
func WithNote(note func(line string)) Option { return pth.WithNote(note) }

// ReadFile reads the state dict in the file at path, whose content, not name,
// tells the format. Errors name the file and say what to do about it.
//
// What wrappers (DataParallel, torch.compile) and training programs ("net.",
// "generator.") put before the names of a network's tensors is taken out of them,
// before a filter sees them. A value that is not finite is an error that wraps a
// *statedict.NonFinite, wherever it is: a network with it cannot be trusted.
func ReadFile(path string, opts ...Option) (statedict.Dict, error) {
	// Looking first: to open a named pipe would wait for somebody to write.
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("weights file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("weights file %s is not a regular file: name a .pth, .safetensors or .onnx file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("weights file: %w", err)
	}
	defer f.Close()
	d, err := read(f, info.Size(), append(opts[:len(opts):len(opts)], unwrap))
	if err == nil {
		err = finite(d)
	}
	if err != nil {
		return nil, fmt.Errorf("weights file %s: %w", path, err)
	}
	return d, nil
}

// maxStream bounds what Read takes before it knows what it is: VGG-19 with its
// classifier has 575 MB.
const maxStream = 1 << 30

// Read reads the state dict in r, such as a file that a program embeds, as ReadFile
// does: all of r, of at most 1 GiB, is read first.
func Read(r io.Reader, opts ...Option) (statedict.Dict, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxStream+1))
	if err == nil && len(data) > maxStream {
		err = fmt.Errorf("%w: a stream may have 1 GiB; read a larger file with ReadFile", ErrTooLarge)
	}
	var d statedict.Dict
	if err == nil {
		d, err = read(bytes.NewReader(data), int64(len(data)), append(opts[:len(opts):len(opts)], unwrap))
	}
	if err == nil {
		err = finite(d)
	}
	if err != nil {
		return nil, fmt.Errorf("weights: %w", err)
	}
	return d, nil
}

func unwrap(o *tensorio.ReadOptions) { o.Unwrap = true }

func finite(d statedict.Dict) error {
	if err := d.CheckFinite(); err != nil {
		return fmt.Errorf("%w: it comes from a training that diverged, or a number beyond float32; take an earlier checkpoint", err)
	}
	return nil
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
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), head[0] == 0x80, bytes.HasPrefix(head, []byte("L1195470371")): // of pickle protocol 1
		d, err = pth.Read(r, size, opts...)
	case isONNX(head):
		d, err = readONNX(r, size, opts)
	default:
		return nil, fmt.Errorf("%w: %s", ErrCorrupt, diagnose(head))
	}
	if errors.Is(err, ErrCorrupt) {
		err = fmt.Errorf("%w (if it was downloaded or copied, do that again and compare the sizes)", err)
	}
	return d, err
}

// magics are the first bytes of files that people mistake for weights.
var magics = []struct{ start, what string }{
	{"\x1f\x8b", "it is compressed with gzip; unpack it first"},
	{"BZh", "it is compressed with bzip2; unpack it first"},
	{"\xfd7zXZ", "it is compressed with xz; unpack it first"},
	{"7z\xbc\xaf\x27\x1c", "it is a 7z archive; unpack it first"},
	{"Rar!", "it is a RAR archive; unpack it first"},
	{"\x89HDF", "it is an HDF5 file, as Keras writes them; only PyTorch's .pth and safetensors are read"},
	{"\x93NUMPY", "it is a NumPy array; only PyTorch's .pth and safetensors are read"},
	{"GGUF", "it is a GGUF language model"},
	{"\x89PNG", "it is a picture, neither a PyTorch .pth nor a safetensors file"},
	{"\xff\xd8\xff", "it is a picture, neither a PyTorch .pth nor a safetensors file"},
	{"MZ", "it is a Windows program: do not run it"},
	{"\x7fELF", "it is a program: do not run it"},
	{"%PDF", "it is a PDF document"},
	{"\x04\x00\x00\x00\x01\x00\x00\x00\x03\x00\x00\x00V 1", "it is a Torch7 file (.t7) of the time before PyTorch, which is not read"},
}

// diagnose says what a file that is no weights file probably is.
func diagnose(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.start)) {
			return m.what
		}
	}
	text := strings.ToLower(string(bytes.TrimSpace(head)))
	switch {
	case strings.HasPrefix(text, "<"):
		return "it is a web page; download the file itself, by its direct link"
	case strings.HasPrefix(text, "version https://git-lfs"):
		return "it is a Git LFS pointer; fetch the content with git lfs pull"
	case bytes.Count(head, []byte{0}) == len(head):
		return "it begins with zeros, probably an unfinished download; download it again"
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return "it is a tar archive; unpack it first (weights of PyTorch before 0.1.10 are not read)"
	default:
		return "it is neither a PyTorch .pth, nor a safetensors, nor an ONNX file"
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
