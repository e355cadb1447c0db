//go:build gl && cgo && linux

package gpu

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/gpu/internal/sibling"
)

// threadStream runs dispatches on a thread and in a context of their own, as some
// drivers do, while the device goes on. Whatever else the device does, uploads and copies
// first of all, happens at once.
type threadStream struct {
	stream
	commands chan func()
	fences   map[uintptr]chan struct{} // closed when they are passed
	last     uintptr
}

// Threaded gives the dispatches of a device a thread of their own, for as long as the
// test lasts.
func Threaded(t testing.TB, d *Device) *Device {
	s := &threadStream{commands: make(chan func(), 64), fences: map[uintptr]chan struct{}{}}
	var context *sibling.Context
	var err error
	d.Do(func() { context, err = sibling.New() })
	require.NoError(t, err)
	over := make(chan error)
	go func() {
		runtime.LockOSThread()
		err := context.Use()
		for f := range s.commands {
			f()
		}
		if code := gl.GetError(); err == nil && code != gl.NO_ERROR {
			err = fmt.Errorf("OpenGL error %#x of a dispatch", code)
		}
		context.Close()
		over <- err
	}()
	d.Do(func() { s.stream, d.stream = d.stream, s })
	t.Cleanup(func() {
		require.NoError(t, d.Sync())
		d.Do(func() {
			s.settle()
			d.stream = s.stream
		})
		close(s.commands)
		require.NoError(t, <-over)
	})
	return d
}

func (s *threadStream) dispatch(j *job) {
	kept := *j
	before := gl.FenceSync(gl.SYNC_GPU_COMMANDS_COMPLETE, 0)
	gl.Flush()
	s.commands <- func() {
		gl.WaitSync(before, 0, gl.TIMEOUT_IGNORED)
		gl.DeleteSync(before)
		s.stream.dispatch(&kept)
	}
}

func (s *threadStream) barrier(bits uint32) {
	s.commands <- func() { s.stream.barrier(bits) }
}

func (s *threadStream) fence() uintptr {
	s.last++
	passed := make(chan struct{})
	s.fences[s.last] = passed
	s.commands <- func() {
		gl.Finish()
		close(passed)
	}
	return s.last
}

func (s *threadStream) passed(fence uintptr, wait time.Duration) bool {
	select {
	case <-s.fences[fence]:
	default:
		select {
		case <-s.fences[fence]:
		case <-time.After(wait):
			return false
		}
	}
	delete(s.fences, fence)
	return true
}

func (s *threadStream) settle() {
	done := make(chan struct{})
	s.commands <- func() {
		gl.Finish()
		close(done)
	}
	<-done
}

// TestInterleavingsOnAThread is TestInterleavings with dispatches on a thread of their
// own.
func TestInterleavingsOnAThread(t *testing.T) {
	interleavings(t, Threaded(t, openDevice(t)))
}
