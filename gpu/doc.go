// Package gpu runs impasto's tensor operations on a graphics card, through
// OpenGL 4.3 compute shaders: it implements backend.Backend, so that the same
// networks train and stylize on a GPU of any vendor, or inside a game's own
// context.
//
// The package is built with cgo and the tag gl on Linux and Windows (go build -tags
// gl). In every other build it is a stub whose [Open] returns [ErrUnavailable].
// README.md in this folder lists the packages to install.
//
// # Contexts and threads
//
// [Open] makes a context of its own, without a window, on a thread of its own;
// a Device may then be used from any goroutine, one at a time. [FromCurrent]
// uses the context that is current on the caller's thread, which must be locked
// (runtime.LockOSThread): every later call must come from that thread, and
// leaves the OpenGL state as it found it, except for the error flag. Several
// devices can be open at once.
//
// # Memory
//
// A Buffer holds float32 in NCHW order in one OpenGL buffer object, 16-bit values where
// [Device.Half] wants that; freed buffers are kept for reuse, so that a loop with steady shapes allocates
// nothing on the device. A tensor larger than the device's limit for one
// shader storage block is processed in slabs of whole planes; only a single
// plane beyond the limit is an error ([ErrTooLarge]).
//
// # Errors
//
// Device errors are sticky: operations after the first error do nothing, and
// Sync returns it. Results are deterministic: every sum has a fixed order.
package gpu

import (
	"errors"
	"time"
)

var (
	// ErrUnavailable says that there is no OpenGL 4.3 to use: it was not built
	// in, or driver or device are missing or too old. The error that wraps it
	// says which.
	ErrUnavailable = errors.New("gpu: OpenGL 4.3 is unavailable")

	// ErrTooLarge says that a plane, an image or an allocation is beyond the
	// device's limits.
	ErrTooLarge = errors.New("gpu: too large for the device")

	// ErrRange says that values were too large for 16 bits; see [Device.Half].
	ErrRange = errors.New("gpu: beyond the range of 16 bits")

	// ErrLost says that the driver has reset the device or no longer answers. Only
	// a new Device helps.
	ErrLost = errors.New("gpu: the device was lost")

	// ErrClosed is what Sync returns after Close.
	ErrClosed = errors.New("gpu: device is closed")
)

// Info describes a device.
type Info struct {
	Vendor, Renderer, Version string // as the driver names itself
	Platform                  string // how the context was made: "surfaceless", "device" or "default" of EGL, "wgl", or "current"

	MaxBlock       int // bytes one shader can see of a buffer
	MaxGroups      int // work groups along one axis
	MaxTextureSize int // pixels along one side of a texture
}

// Stats counts what a Device has done so far.
type Stats struct {
	Allocations int // buffer objects created
	Bytes       int // bytes in buffer objects, pooled ones included
	Programs    int // shader variants in use
	Compiled    int // of these, compiled and not from the cache
	Dispatches  int // compute dispatches
	Barriers    int // between dispatches that depend on each other
}

// Dispatch is one dispatch of a kernel, as [Device.Trace] tells of it.
type Dispatch struct {
	Kernel string        // its file in shaders, without the extension
	FLOPs  float64       // operations of products; 0 for kernels that memory decides
	Bytes  int           // of the tensors that it sees, each counted once
	Host   time.Duration // that the host took to issue it, barrier included
	Device time.Duration // that the device took to do it, by its own clock; 0 without [Device.Time]
}

// Option changes how a Device is opened.
type Option func(*options)

type options struct {
	maxBlock int
	card     int // counted from 1; 0 for any
}

// Card has Open take the graphics card with the given number, counted from 0 in the
// order in which EGL lists them. Negative numbers mean any. On Windows there is only
// number 0, the card that the system's settings give the program.
func Card(number int) Option {
	return func(o *options) { o.card = max(number+1, 0) }
}

// MaxBlock lowers the limit on the bytes of a buffer that one dispatch may see,
// below which larger tensors are split. Values that are not positive, or above
// the device's own limit, change nothing.
func MaxBlock(bytes int) Option {
	return func(o *options) { o.maxBlock = bytes }
}
