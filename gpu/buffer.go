//go:build gl && cgo && (linux || windows)

package gpu

import (
	"fmt"
	"math/bits"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/tensor/backend"
)

// floatSize is the size of an element in bytes.
const floatSize = 4

// storage is an OpenGL buffer object. The thread that owns the device reads and
// writes name; the pool only passes storages on.
type storage struct {
	name uint32 // 0 until created, and where creation failed
	size int    // bytes

	used        uint64 // serial of the last submission with work on it
	version     uint64 // counts writes
	wrote, read uint64 // the device's epoch when a dispatch last did
}

func (s *storage) delete() {
	gl.DeleteBuffers(1, &s.name)
	s.name = 0
}

// buffer is a tensor in a storage: element (n, c, y, x) is at index
// ((n*C+c)*H+y)*W + x.
type buffer struct {
	*storage
	shape   backend.Shape
	derived map[packing]*derived // of frozen weights; nil for others
	unsettled
}

// Shape returns the shape given to Alloc.
func (b *buffer) Shape() backend.Shape { return b.shape }

// pool keeps freed storages by size. It belongs to the goroutine that uses the
// device, and to the device's thread while that goroutine waits for it: shaders
// run in the order of their submission, so a storage may be handed out again while
// its last operation still waits. Only what the host writes needs more; see fresh.
type pool struct {
	free map[int][]*storage
	ring map[int][]*storage // what writes replaced, the oldest first
	all  []*storage
}

// sizeClass rounds bytes up so that tensors of similar sizes share storages,
// wasting at most an eighth.
func sizeClass(bytes int) int {
	step := max(256, 1<<max(0, bits.Len(uint(bytes))-4))
	return (bytes + step - 1) / step * step
}

// maxBytes bounds a single allocation; beyond it drivers misbehave in ways of
// their own.
const maxBytes = 64 << 30

// Alloc returns a buffer with undefined contents. An allocation that fails is
// an error of Sync that wraps ErrTooLarge.
func (d *Device) Alloc(s backend.Shape) backend.Buffer {
	b := &buffer{shape: s}
	plane := s[2] * s[3] * floatSize
	if plane > d.limits.block || s.Len() > maxBytes/floatSize {
		d.submit(func() {
			d.fail(fmt.Errorf("%w: tensor %v needs %d bytes for a plane, the limit is %d", ErrTooLarge, s, plane, d.limits.block))
		})
		b.storage = &storage{}
		return b
	}
	b.storage = d.alloc(s.Len() * floatSize)
	return b
}

func (d *Device) alloc(bytes int) *storage {
	size := sizeClass(bytes)
	if list := d.pool.free[size]; len(list) > 0 {
		s := list[len(list)-1]
		d.pool.free[size] = list[:len(list)-1]
		return s
	}
	return d.newStorage(size)
}

// newStorage makes a storage that was not in the pool before.
func (d *Device) newStorage(size int) *storage {
	s := &storage{size: size}
	d.pool.all = append(d.pool.all, s)
	d.submit(func() { d.create(s) })
	return s
}

// create makes the buffer object of s.
func (d *Device) create(s *storage) {
	d.checkError("before an allocation")
	gl.GenBuffers(1, &s.name)
	gl.BindBuffer(gl.COPY_WRITE_BUFFER, s.name)
	gl.BufferData(gl.COPY_WRITE_BUFFER, s.size, nil, gl.DYNAMIC_COPY)
	if gl.GetError() != gl.NO_ERROR {
		s.delete()
		d.fail(fmt.Errorf("%w: the device has no %d bytes left (%d in use)", ErrTooLarge, s.size, d.stats.Bytes))
		return
	}
	d.stats.Allocations++
	d.stats.Bytes += s.size
}

// Free gives a buffer back to the pool.
func (d *Device) Free(b backend.Buffer) {
	if d.closed {
		return
	}
	buf := b.(*buffer)
	s := buf.storage
	if s == nil {
		panic("BUG: gpu: buffer freed twice")
	}
	buf.forgo()
	buf.storage = nil
	d.recycle(s)
	for _, kept := range buf.derived {
		d.recycle(kept.storage)
	}
}

func (d *Device) recycle(s *storage) {
	if s.size == 0 { // its allocation was refused
		return
	}
	if d.pool.free == nil {
		d.pool.free = map[int][]*storage{}
	}
	d.pool.free[s.size] = append(d.pool.free[s.size], s)
}

// scratch is memory for the results between two dispatches of an operation. It
// may be recycled as soon as the last of them is submitted.
func (d *Device) scratch(floats int) view {
	return view{storage: d.alloc(floats * floatSize), len: floats}
}

// Write copies len(dst) host values in NCHW order into dst. It does not wait for
// operations that still have to read the old values: dst gets other memory.
func (d *Device) Write(dst backend.Buffer, src []float32) {
	b := dst.(*buffer)
	if len(src) != b.shape.Len() {
		panic(fmt.Sprintf("BUG: gpu: writing %d values to %v", len(src), b.shape))
	}
	d.forgetMoments()
	b.forgo()
	d.wait(func() {
		if !d.usable(b.storage) {
			return
		}
		b.storage = d.fresh(b.storage)
		if !d.usable(b.storage) {
			return
		}
		b.version++
		d.stream.barrier(gl.BUFFER_UPDATE_BARRIER_BIT) // after what shaders wrote here long ago
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, b.name)
		d.inChunks(len(src), func(first int, chunk []float32) {
			copy(chunk, src[first:])
			gl.BufferSubData(gl.COPY_WRITE_BUFFER, first*floatSize, len(chunk)*floatSize, unsafe.Pointer(&chunk[0]))
		})
	})
}

// ringSize is how many storages of a size writes use in turn besides the tensors'
// own. With two, the host can be two writes ahead of the device.
const ringSize = 2

// fresh returns s, or another storage of its size, such that all work on it is
// done, and keeps s for later if it was exchanged. The contents are undefined.
func (d *Device) fresh(s *storage) *storage {
	if s.used == d.serial {
		d.mark()
	}
	if d.poll(); s.used <= d.passed {
		return s
	}
	if d.pool.ring == nil {
		d.pool.ring = map[int][]*storage{}
	}
	ring := append(d.pool.ring[s.size], s)
	other := ring[0]
	if len(ring) <= ringSize {
		other = &storage{size: s.size}
		d.pool.all = append(d.pool.all, other)
		d.create(other)
	} else {
		d.reach(other.used)
		ring = append(ring[:0], ring[1:]...)
	}
	d.pool.ring[s.size] = ring
	return other
}

// stagingSize is how many bytes move between host and device at once.
const stagingSize = 4 << 20

// inChunks calls f for every piece of n elements with as much host memory of the
// device's own. The caller's may lie in an object with Go pointers, whose address
// must not be given to C.
func (d *Device) inChunks(n int, f func(first int, chunk []float32)) {
	if d.host == nil {
		d.host = make([]float32, stagingSize/floatSize)
	}
	for first := 0; first < n; first += len(d.host) {
		f(first, d.host[:min(len(d.host), n-first)])
	}
}

// Read copies src to the host in NCHW order, waiting for it to be ready. After
// an error dst is left as it is.
//
// The bytes go through a staging buffer: some drivers move a buffer to main
// memory for good once it has been read from.
func (d *Device) Read(dst []float32, src backend.Buffer) {
	b := of(src)
	if len(dst) != b.shape.Len() {
		panic(fmt.Sprintf("BUG: gpu: reading %v to %d values", b.shape, len(dst)))
	}
	d.wait(func() {
		if !d.usable(b.storage) || !d.stage() {
			return
		}
		if d.dry {
			clear(dst)
			return
		}
		d.beforeCopy()
		gl.BindBuffer(gl.COPY_READ_BUFFER, b.name)
		gl.BindBuffer(gl.COPY_WRITE_BUFFER, d.staging.name)
		d.inChunks(len(dst), func(first int, chunk []float32) {
			bytes := len(chunk) * floatSize
			gl.CopyBufferSubData(gl.COPY_READ_BUFFER, gl.COPY_WRITE_BUFFER, first*floatSize, 0, bytes)
			gl.GetBufferSubData(gl.COPY_WRITE_BUFFER, 0, bytes, unsafe.Pointer(&chunk[0]))
			copy(dst[first:], chunk)
		})
		d.checkError("Read")
	})
}

// beforeCopy makes copies from buffers come after all dispatches so far. Those that
// follow come after the copies, because whoever copies waits for the result.
func (d *Device) beforeCopy() {
	d.barrier(gl.ALL_BARRIER_BITS)
	d.stream.settle()
}

// stage makes sure that there is a staging buffer.
func (d *Device) stage() bool {
	if d.staging.name == 0 {
		d.staging.size = stagingSize
		d.create(&d.staging)
	}
	return d.usable(&d.staging)
}

// usable reports whether operations on s may run: not after an error, and not
// without memory.
func (d *Device) usable(s *storage) bool {
	if d.err == nil && s.name == 0 {
		d.fail(fmt.Errorf("%w: operation on a tensor that has no memory", ErrTooLarge))
	}
	return d.err == nil
}
