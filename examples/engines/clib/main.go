// Command clib is stylize for programs in other languages, as a C library:
//
//	go build -buildmode=c-shared -o libimpasto.so ./examples/engines/clib
//
// (impasto.dll on Windows, libimpasto.dylib on macOS). The header that Go writes
// beside it declares the functions below.
package main

// #include <stdint.h>
import "C"

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"unsafe"

	"github.com/impasto-go/impasto/nn/stylize"
)

func main() {} // never called in a library

// sessions are open sessions by handle. A session works for one call at a time.
var sessions = struct {
	sync.Mutex
	last C.int64_t
	open map[C.int64_t]*handle
}{open: map[C.int64_t]*handle{}}

type handle struct {
	sync.Mutex
	session *stylize.Session // nil after ImpastoClose
}

// ImpastoOpen loads a .pth or .safetensors file and returns a handle for it, or 0
// with the reason in message, a buffer of size bytes that may be null.
//
//export ImpastoOpen
func ImpastoOpen(path, message *C.char, size C.int32_t) C.int64_t {
	if path == nil {
		report(message, size, errors.New("impasto: the path is null"))
		return 0
	}
	model, err := stylize.Load(C.GoString(path))
	return open(model, err, 0, message, size)
}

// ImpastoOpenBytes is ImpastoOpen for a file of length bytes in memory, such as one
// that an engine has read from its package, an APK or an asset bundle. The bytes are
// not kept. threads is how many threads a call may use, 0 for one per processor.
//
//export ImpastoOpenBytes
func ImpastoOpenBytes(data *C.uint8_t, length C.int64_t, threads C.int32_t, message *C.char, size C.int32_t) C.int64_t {
	if data == nil || length < 1 || threads < 0 {
		report(message, size, fmt.Errorf("impasto: bad arguments: %d bytes of a model, %d threads", int64(length), int32(threads)))
		return 0
	}
	model, err := stylize.Read(bytes.NewReader(unsafe.Slice((*byte)(unsafe.Pointer(data)), int(length))))
	return open(model, err, int(threads), message, size)
}

func open(model *stylize.Model, err error, threads int, message *C.char, size C.int32_t) C.int64_t {
	if err != nil {
		report(message, size, err)
		return 0
	}
	sessions.Lock()
	defer sessions.Unlock()
	sessions.last++
	sessions.open[sessions.last] = &handle{session: model.NewSession(stylize.Threads(threads))}
	return sessions.last
}

// ImpastoKeepColor says whether calls for a handle keep the frame's own colors and
// take only the brightness of the style: 1 for yes, 0 for no, as it is at first. It
// returns 1, or 0 if the handle is not open.
//
//export ImpastoKeepColor
func ImpastoKeepColor(h C.int64_t, keep C.int32_t) C.int32_t {
	s := find(h)
	if s == nil {
		return 0
	}
	s.Lock()
	defer s.Unlock()
	if s.session == nil {
		return 0
	}
	s.session.KeepColor = keep != 0
	return 1
}

func find(h C.int64_t) *handle {
	sessions.Lock()
	defer sessions.Unlock()
	return sessions.open[h]
}

// ImpastoStylizeRGBA stylizes a frame of width x height pixels of 8-bit RGBA, in
// rows that begin stride bytes apart, from src to dst, which may be src. strength
// is 0 to 1. It returns 1, or 0 with the reason in message.
//
//export ImpastoStylizeRGBA
func ImpastoStylizeRGBA(h C.int64_t, dst, src *C.uint8_t, width, height, stride C.int32_t, strength C.float, message *C.char, size C.int32_t) C.int32_t {
	if err := stylizeRGBA(h, dst, src, int64(width), int64(height), int64(stride), float32(strength)); err != nil {
		report(message, size, err)
		return 0
	}
	return 1
}

func stylizeRGBA(h C.int64_t, dst, src *C.uint8_t, width, height, stride int64, strength float32) error {
	s := find(h)
	n := stride*(height-1) + 4*width
	switch {
	case s == nil:
		return fmt.Errorf("impasto: handle %d is not open", h)
	case dst == nil || src == nil:
		return errors.New("impasto: the frame is null")
	case width < 1 || height < 1 || stride < 4*width || n > math.MaxInt:
		return fmt.Errorf("impasto: bad size: width %d, height %d, stride %d", width, height, stride)
	}
	s.Lock()
	defer s.Unlock()
	if s.session == nil {
		return fmt.Errorf("impasto: handle %d is not open", h)
	}
	s.session.Strength = strength
	to := unsafe.Slice((*byte)(unsafe.Pointer(dst)), int(n))
	from := unsafe.Slice((*byte)(unsafe.Pointer(src)), int(n))
	return s.session.StylizeRGBA(to, from, int(width), int(height), int(stride))
}

// ImpastoClose gives a handle and its memory back, to the operating system as well.
//
//export ImpastoClose
func ImpastoClose(h C.int64_t) {
	sessions.Lock()
	s := sessions.open[h]
	delete(sessions.open, h)
	sessions.Unlock()
	if s != nil {
		s.Lock()
		defer s.Unlock()
		_ = s.session.Close() // the CPU backend has nothing left to fail
		s.session = nil       // another thread may have found the handle just before
		debug.FreeOSMemory()
	}
}

// report writes err to message, cut to size bytes with the final zero.
func report(message *C.char, size C.int32_t, err error) {
	if message == nil || size < 1 {
		return
	}
	out := unsafe.Slice((*byte)(unsafe.Pointer(message)), int(size))
	n := copy(out[:size-1], err.Error())
	out[n] = 0
}
