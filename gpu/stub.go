//go:build !(gl && cgo && linux)

package gpu

import (
	"fmt"
	"unsafe"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Device is a GPU. In this build there is none: Open never returns one.
type Device struct{ backend.Backend }

var errStub = fmt.Errorf("%w in this build: build for Linux with cgo and -tags gl", ErrUnavailable)

// Open returns ErrUnavailable in this build.
func Open(...Option) (*Device, error) { return nil, errStub }

// FromCurrent returns ErrUnavailable in this build.
func FromCurrent(func(name string) unsafe.Pointer, ...Option) (*Device, error) { return nil, errStub }

// ProcAddress returns nil in this build.
func ProcAddress(string) unsafe.Pointer { return nil }

// Info describes the device.
func (*Device) Info() Info { return Info{} }

// Stats counts what the device has done so far.
func (*Device) Stats() Stats { return Stats{} }

// Do calls f on the device's thread, with its context current.
func (*Device) Do(f func()) {}

// Kernels says which kernels the device uses for convolutions.
func (*Device) Kernels() string { return "" }

// Err returns the first error since the last Sync.
func (*Device) Err() error { return errStub }

// TextureSize returns the size of a texture's first level.
func (*Device) TextureSize(uint32) (width, height int, err error) { return 0, 0, errStub }

// ReadTexture copies a texture's colours to a buffer.
func (*Device) ReadTexture(dst backend.Buffer, texture uint32, flip bool) error { return errStub }

// WriteTexture copies a buffer's colours to a texture.
func (*Device) WriteTexture(dst, alpha uint32, src backend.Buffer, flip bool) error { return errStub }
