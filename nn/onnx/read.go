package onnx

import (
	"fmt"
	"io"
	"os"
)

// maxFile is the largest ONNX file that is read: protobuf's own limit.
const maxFile = 1<<31 - 1

// ReadFile reads an ONNX file; see [Unmarshal] for what it checks.
func ReadFile(path string) (*Model, error) {
	info, err := os.Stat(path) // before Open, which waits for the writer of a pipe
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("onnx: %s is not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("onnx: %w", err)
	}
	defer f.Close()
	m, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("onnx: %s: %w", path, err)
	}
	return m, nil
}

// Read reads an ONNX file of the given size.
func Read(r io.ReaderAt, size int64) (*Model, error) {
	if size > maxFile {
		return nil, fmt.Errorf("it has %d bytes, more than an ONNX file can have", size)
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(io.NewSectionReader(r, 0, size), data); err != nil {
		return nil, err
	}
	return Unmarshal(data)
}
