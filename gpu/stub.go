//go:build !(gl && cgo && (linux || windows))

// This file has the API without OpenGL, with the same documentation, as web sites
// show that of builds without tags. In these builds Open returns ErrUnavailable.

package gpu

import (
	"fmt"
	"unsafe"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Device is an OpenGL context that runs tensor operations. It implements
// backend.Backend, backend.ConvFuser, backend.NormFuser, backend.ConvPooler,
// backend.GradGater, backend.Queuer, backend.Prober and backend.Freezer.
type Device struct{ backend.Backend }

var errStub = fmt.Errorf("%w in this build: build for Linux or Windows with cgo and -tags gl", ErrUnavailable)

// Open makes an OpenGL 4.3 context that nobody sees. On Linux it has no window: it is
// made through EGL's surfaceless platform, else one of its devices, else its default
// display, and a graphics card goes before a software renderer, unless the environment
// has LIBGL_ALWAYS_SOFTWARE. On Windows it has a hidden one. The error wraps ErrUnavailable when there is no library,
// driver or device.
func Open(opts ...Option) (*Device, error) { return nil, errStub }

// FromCurrent uses the OpenGL 4.3 context that is current on the caller's
// locked thread. getProcAddress finds OpenGL functions by name; windowing
// libraries have one (glfw.GetProcAddress, sdl.GLGetProcAddress). Close leaves
// the context to its owner.
func FromCurrent(getProcAddress func(name string) unsafe.Pointer, opts ...Option) (*Device, error) {
	return nil, errStub
}

// ProcAddress finds an OpenGL function for a context that [Open] made. It
// returns nil where the library for that is missing.
func ProcAddress(name string) unsafe.Pointer { return nil }

// Info describes the device.
func (d *Device) Info() Info { return Info{} }

// Stats counts what the device has done so far.
func (d *Device) Stats() (s Stats) { return Stats{} }

// FreeMemory returns the bytes of the card's own memory that nobody has taken, where the
// driver tells them: by GL_NVX_gpu_memory_info or GL_ATI_meminfo, as those of NVIDIA and
// AMD and Mesa's do. It does not count what is pooled for reuse.
func (d *Device) FreeMemory() (bytes int64, ok bool) { return 0, false }

// Trace has f look at every dispatch from now on, on the device's thread; nil ends
// that.
func (d *Device) Trace(f func(Dispatch)) {}

// Time is Trace with what the device takes for each dispatch, which is waited for: no
// two run at once.
func (d *Device) Time(f func(Dispatch)) {}

// Do calls f on the device's thread with its context current, and waits for it.
// f may use OpenGL, and the device too. With the caller's own context ([FromCurrent])
// its state is saved before f and restored after it, instead of around every
// operation in f. If f panics, or ends its goroutine as a test's FailNow does, so
// does Do; the latter closes the device.
func (d *Device) Do(f func()) {}

// Kernels says which kernels the device uses for convolutions, by the number of their
// output channels. On a card that is new to it, it compiles and measures all that there
// are, for a second or two.
func (d *Device) Kernels() string { return "" }

// Freeze has the packed forms of a convolution's weights kept until they change.
func (d *Device) Freeze(b backend.Buffer) {}

// Half has the results of convolutions and normalizations from now on kept in 16 bits
// (IEEE 754 binary16), where their rows are multiples of 4 and they have more than 4
// channels: half the bytes for networks that only stylize. Statistics and sums stay in 32
// bits, and so does whatever other operations see. Values beyond ±65504 become that, and
// the next Sync returns ErrRange. It holds until Half(false); what gradients are computed
// of should not be halved.
func (d *Device) Half(on bool) {}

// PeakFLOPS measures the rate of float32 multiply-adds from registers alone, two
// operations each, in operations per second; 0 if the device has failed.
func (d *Device) PeakFLOPS() float64 { return 0 }

// Err returns the first error since the last Sync without waiting for work that
// is under way. Operations do nothing while there is one.
func (d *Device) Err() error { return errStub }

// TextureSize returns the size in pixels of the first level of a 2D texture
// of format GL_RGBA8, and an error for any other. The texture must belong to the
// device's context. OpenGL's shaders cannot write to GL_SRGB8_ALPHA8: make a
// GL_RGBA8 view of such a texture with glTextureView, which keeps its bytes.
func (d *Device) TextureSize(texture uint32) (width, height int, err error) { return 0, 0, errStub }

// ReadTexture copies the colors of a texture, 0 to 255, to dst {1, 3, H, W}
// without a trip through main memory. dst may be larger than the texture: the
// rest, at the right and the bottom, mirrors it without repeating the edge. With
// flip the texture's last row becomes the first, as for pictures that OpenGL
// rendered.
//
// The copy is queued like any operation; the error says what is wrong with the
// arguments. A dst beyond Info.MaxBlock bytes is ErrTooLarge.
func (d *Device) ReadTexture(dst backend.Buffer, texture uint32, flip bool) error { return errStub }

// WriteTexture copies the top left of src {1, 3, H, W} to the texture dst:
// colors clamped to 0..255 and truncated, as PyTorch's clamp and uint8 do, and
// the alpha of the texture alpha, of the same size, which may be dst itself.
// flip is as for ReadTexture.
func (d *Device) WriteTexture(dst, alpha uint32, src backend.Buffer, flip bool) error { return errStub }

// Count is Trace without the work: from now on nothing is dispatched, tensors are
// undefined, and reads give zeros.
func (d *Device) Count(f func(Dispatch)) {}

// Recording is a list of dispatches that can be done again and again, in pieces, such
// as those of a network over several frames of a game. The memory between its
// dispatches is its own.
type Recording struct{}

// Record calls f and records the dispatches of its operations instead of doing them.
// What frozen weights are packed to is packed at once. f must not read or write data,
// nor use textures. Tensors that f frees may be reused by its later operations, and
// belong to the recording; tensors that were there before, and those that f leaves,
// must stay.
func (d *Device) Record(f func()) (*Recording, error) { return nil, errStub }

// Len returns the number of dispatches.
func (r *Recording) Len() int { return 0 }

// Groups returns the number of work groups of dispatch i.
func (r *Recording) Groups(i int) int { return 0 }

// Run does n work groups of dispatch i, from first on. To get the result of the
// recorded operations, do all groups of all dispatches, in order. Nothing waits.
func (r *Recording) Run(i, first, n int) {}

// Free gives the recording's memory back to the device.
func (r *Recording) Free() {}
