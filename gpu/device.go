//go:build gl && cgo && (linux || windows)

package gpu

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"

	"github.com/impasto-go/impasto/tensor/backend"
)

// Device is an OpenGL context that runs tensor operations. It implements
// backend.Backend, backend.ConvFuser, backend.NormFuser, backend.ConvPooler,
// backend.GradGater, backend.Queuer, backend.Prober and backend.Freezer.
type Device struct {
	info    Info
	limits  limits
	context *ownContext   // nil for a context of the caller's
	tid     int           // the thread that the context is current on
	queue   chan task     // work for that thread; nil with the caller's context
	done    chan struct{} // closed when the thread has released everything
	closed  bool
	pool    pool
	kernels kernels
	cache   cache
	forms   map[reflect.Type]any // by type of form, definitions of variants
	left    moments              // by the operation before the next

	unsettled  []*buffer // whose contents only those may use who heed that
	half       bool      // results are kept in 16 bits
	overflowed *storage  // see overflow; nil before the first

	// What follows belongs to the device's thread.
	err      error // the first error since the last Sync
	lost     bool  // and err stays
	depth    int   // nested sections; the outermost one saves and restores state
	programs map[variant]*program
	stream   stream
	staging  storage   // where results are fetched from
	host     []float32 // what moves between host and device goes through here
	stats    Stats

	recording *Recording     // of Record, which takes jobs
	observe   func(Dispatch) // of Trace; nil without
	dry       bool           // of Count
	timed     bool           // of Time

	epoch     uint64        // number of the barriers so far
	serial    uint64        // of the submission that is being made
	passed    uint64        // serial of the last submission that is known to be done
	marks     []mark        // fences that are not known to be passed, the oldest first
	unmarked  int           // dispatches since the last mark
	throttles []uint64      // serials that Throttle has marked and may have to wait for
	patience  time.Duration // with a fence that does not pass
}

// task is what the queue holds: a function to call or a job to issue.
type task struct {
	call func()
	job  *job
}

var (
	_ backend.Backend    = (*Device)(nil)
	_ backend.ConvFuser  = (*Device)(nil)
	_ backend.NormFuser  = (*Device)(nil)
	_ backend.ConvPooler = (*Device)(nil)
	_ backend.GradGater  = (*Device)(nil)
	_ backend.Queuer     = (*Device)(nil)
	_ backend.Prober     = (*Device)(nil)
	_ backend.Freezer    = (*Device)(nil)
)

// queueLen is how many operations may wait for the device's thread. A training
// step has a few hundred.
const queueLen = 1024

// Open makes an OpenGL 4.3 context that nobody sees. On Linux it has no window: it is
// made through EGL's surfaceless platform, else one of its devices, else its default
// display, and a graphics card goes before a software renderer, unless the environment
// has LIBGL_ALWAYS_SOFTWARE. On Windows it has a hidden one. The error wraps ErrUnavailable when there is no library,
// driver or device.
func Open(opts ...Option) (*Device, error) {
	d := &Device{queue: make(chan task, queueLen), done: make(chan struct{})}
	ready := make(chan error)
	go func() {
		// Never unlocked, so that the thread ends with the goroutine.
		runtime.LockOSThread()
		defer close(d.done)
		var o options
		for _, set := range opts {
			set(&o)
		}
		open := func() (*ownContext, error) { return newContext(4, 3) }
		if o.card > 0 {
			open = func() (*ownContext, error) { return newCardContext(4, 3, o.card-1) }
		}
		ctx, err := open()
		if err != nil {
			ready <- err
			return
		}
		defer ctx.close()
		d.context = ctx
		if err := d.init(ctx.platform, ProcAddress, opts); err != nil {
			ready <- err
			return
		}
		defer d.release()
		ready <- nil
		for t := range d.queue {
			d.do(t)
		}
	}()
	if err := <-ready; err != nil {
		return nil, err
	}
	return d, nil
}

// FromCurrent uses the OpenGL 4.3 context that is current on the caller's
// locked thread. getProcAddress finds OpenGL functions by name; windowing
// libraries have one (glfw.GetProcAddress, sdl.GLGetProcAddress). Close leaves
// the context to its owner.
func FromCurrent(getProcAddress func(name string) unsafe.Pointer, opts ...Option) (*Device, error) {
	d := &Device{}
	if err := d.init("current", getProcAddress, opts); err != nil {
		return nil, err
	}
	return d, nil
}

// ProcAddress finds an OpenGL function for a context that [Open] made. It
// returns nil where the library for that is missing.
func ProcAddress(name string) unsafe.Pointer { return procAddress(name) }

var errNoContext = fmt.Errorf("%w: no OpenGL context is current on this thread", ErrUnavailable)

// loadGL fills in go-gl's function pointers, which belong to the process: EGL and
// GLX promise that they do not depend on the context, and WGL's are the same for all
// contexts of a driver.
var loadGL struct {
	sync.Mutex
	done bool
}

func (d *Device) init(platform string, getProcAddress func(string) unsafe.Pointer, opts []Option) error {
	if getProcAddress == nil {
		return errors.New("gpu: FromCurrent needs a function that finds OpenGL functions")
	}
	if !contextIsCurrent() {
		return errNoContext
	}
	loadGL.Lock()
	if !loadGL.done {
		if err := gl.InitWithProcAddrFunc(getProcAddress); err != nil {
			loadGL.Unlock()
			return fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		loadGL.done = true
	}
	loadGL.Unlock()

	version := gl.GetString(gl.VERSION)
	if version == nil {
		return errNoContext
	}
	var major, minor int32
	gl.GetIntegerv(gl.MAJOR_VERSION, &major)
	gl.GetIntegerv(gl.MINOR_VERSION, &minor)
	if major < 4 || major == 4 && minor < 3 {
		return fmt.Errorf("%w: the context is OpenGL %s, compute shaders need 4.3", ErrUnavailable, gl.GoStr(version))
	}
	d.tid = threadID()
	d.programs, d.forms = map[variant]*program{}, map[reflect.Type]any{}
	d.limits = readLimits()
	var err error
	if d.kernels, err = chooseKernels(gl.GoStr(gl.GetString(gl.RENDERER))); err != nil {
		return err
	}
	d.epoch, d.serial, d.patience = 1, 1, patience
	d.stream = &glStream{limits: &d.limits, resets: tellsResets(getProcAddress)}
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	if o.maxBlock > 0 {
		d.limits.block = min(d.limits.block, o.maxBlock)
	}
	d.info = Info{
		Vendor:         gl.GoStr(gl.GetString(gl.VENDOR)),
		Renderer:       gl.GoStr(gl.GetString(gl.RENDERER)),
		Version:        gl.GoStr(version),
		Platform:       platform,
		MaxBlock:       d.limits.block,
		MaxGroups:      d.limits.groups,
		MaxTextureSize: d.limits.texture,
	}
	d.cache = openCache(d.info)
	return nil
}

// limits are what the device can do at once.
type limits struct {
	block   int     // bytes of one shader storage block
	align   int     // bytes that the start of a block must be a multiple of
	groups  int     // work groups along x and y
	texture int     // pixels along one side
	flops   float64 // operations of a dispatch that desktops surely wait for
}

func readLimits() limits {
	var block int64
	var align, texture int32
	gl.GetInteger64v(gl.MAX_SHADER_STORAGE_BLOCK_SIZE, &block)
	gl.GetIntegerv(gl.SHADER_STORAGE_BUFFER_OFFSET_ALIGNMENT, &align)
	gl.GetIntegerv(gl.MAX_TEXTURE_SIZE, &texture)
	var x, y int32
	gl.GetIntegeri_v(gl.MAX_COMPUTE_WORK_GROUP_COUNT, 0, &x)
	gl.GetIntegeri_v(gl.MAX_COMPUTE_WORK_GROUP_COUNT, 1, &y)
	// Shaders index with 32-bit integers; a gigabyte leaves room for offsets.
	if block <= 0 || block > 1<<30 {
		block = 1 << 30
	}
	return limits{block: int(block), align: max(int(align), 4), groups: int(min(x, y)), texture: int(texture), flops: pieceFLOPs}
}

// pieceTime is about how long the largest dispatch may take. Systems reset a card that
// is busy with one for some two seconds.
const pieceTime = 250 * time.Millisecond

// pieceFLOPs is the work of the largest dispatch on a card that was not measured: one
// of 20 GFLOP/s.
const pieceFLOPs = 5e9

// tellsResets reports whether the driver can be asked if it has reset the context.
func tellsResets(getProcAddress func(string) unsafe.Pointer) bool {
	return getProcAddress("glGetGraphicsResetStatus") != nil && hasExtension("GL_KHR_robustness")
}

// Name describes the device, such as "opengl (llvmpipe)".
func (d *Device) Name() string { return "opengl (" + d.info.Renderer + ")" }

// Info describes the device.
func (d *Device) Info() Info { return d.info }

// Stats counts what the device has done so far.
func (d *Device) Stats() (s Stats) {
	d.wait(func() { s = d.stats })
	return s
}

// Sync waits for all work and returns the first error since the last Sync.
func (d *Device) Sync() error {
	err := ErrClosed
	d.wait(func() {
		d.mark()
		d.reach(d.serial - 1)
		d.checkError("Sync")
		d.checkOverflow()
		if err = d.err; !d.lost {
			d.err = nil
		}
	})
	return err
}

// Err returns the first error since the last Sync without waiting for work that
// is under way. Operations do nothing while there is one.
func (d *Device) Err() error {
	err := ErrClosed
	d.wait(func() { err = d.err })
	return err
}

// Do calls f on the device's thread with its context current, and waits for it.
// f may use OpenGL, and the device too. With the caller's own context ([FromCurrent])
// its state is saved before f and restored after it, instead of around every
// operation in f. If f panics, or ends its goroutine as a test's FailNow does, so
// does Do; the latter closes the device.
func (d *Device) Do(f func()) { d.wait(f) }

// Close waits for all work and releases the device's memory, programs, and,
// after Open, its context and thread. It returns the first error since the
// last Sync. Closing twice is harmless.
func (d *Device) Close() error {
	if d.closed {
		return nil
	}
	err := d.Sync()
	if d.queue == nil {
		d.wait(d.release)
		d.closed = true
		return err
	}
	d.closed = true
	close(d.queue)
	if threadID() != d.tid { // otherwise in Do, which the thread ends after
		<-d.done
	}
	return err
}

// release deletes every object of the device, on its thread.
func (d *Device) release() {
	for _, p := range d.programs {
		gl.DeleteProgram(p.name)
	}
	for _, s := range d.pool.all {
		s.delete()
	}
	for _, m := range d.marks {
		gl.DeleteSync(m.fence)
	}
	d.marks = nil
	d.staging.delete()
	clear(d.programs)
	d.pool = pool{}
}

// errThread is what a device from FromCurrent panics with on a wrong thread.
var errThread = errors.New("gpu: a device from FromCurrent was used outside the thread of its context")

// submit runs f on the device's thread, now or later, in order.
func (d *Device) submit(f func()) { d.send(task{call: f}) }

// send does t on the device's thread, now or later, in order.
func (d *Device) send(t task) {
	if t.job != nil {
		d.forgetMoments()
	}
	switch {
	case d.closed:
	case threadID() == d.tid:
		d.section(t)
	case d.queue == nil:
		panic(errThread)
	default:
		select {
		case d.queue <- t:
		case <-d.done: // a function given to Do has ended the thread
		}
	}
}

func (d *Device) do(t task) {
	if t.job == nil {
		t.call()
		return
	}
	if d.recording != nil && t.job.derived == nil {
		d.recording.jobs = append(d.recording.jobs, t.job)
		return
	}
	if d.observe != nil {
		d.traced(t.job)
	} else {
		d.issue(t.job)
	}
	jobs.Put(t.job)
}

// wait runs f on the device's thread and returns when it has returned. If f
// panics or ends its goroutine, so does wait.
func (d *Device) wait(f func()) {
	if d.closed || d.queue == nil || threadID() == d.tid {
		d.submit(f)
		return
	}
	var failure any
	returned := false
	finished := make(chan struct{})
	d.submit(func() {
		defer close(finished)
		defer func() { failure = recover() }()
		f()
		returned = true
	})
	select {
	case <-finished:
	case <-d.done:
		return
	}
	if failure != nil {
		panic(failure)
	}
	if !returned {
		runtime.Goexit()
	}
}

// section does t and, when the context is the caller's, restores the state that
// operations change. Sections nest; the outermost one does the work.
func (d *Device) section(t task) {
	d.depth++
	if d.queue == nil && d.depth == 1 {
		s := saveState()
		defer s.restore()
	}
	defer func() { d.depth-- }()
	d.do(t)
}

// fail records the first error.
func (d *Device) fail(err error) {
	if d.err == nil && err != nil {
		d.err = err
	}
}

var glErrors = map[uint32]string{
	gl.INVALID_ENUM:                  "invalid enum",
	gl.INVALID_VALUE:                 "invalid value",
	gl.INVALID_OPERATION:             "invalid operation",
	gl.INVALID_FRAMEBUFFER_OPERATION: "invalid framebuffer operation",
	gl.OUT_OF_MEMORY:                 "out of memory",
}

// checkError records what OpenGL has to complain about.
func (d *Device) checkError(doing string) {
	for range 16 { // a lost context may report errors without end
		code := gl.GetError()
		if code == gl.NO_ERROR {
			return
		}
		if code == gl.CONTEXT_LOST {
			d.lose("OpenGL says so")
			return
		}
		name, ok := glErrors[code]
		if !ok {
			name = fmt.Sprintf("error %#x", code)
		}
		d.fail(fmt.Errorf("gpu: %s: OpenGL %s", doing, name))
	}
}
