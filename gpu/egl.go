//go:build gl && cgo && linux

package gpu

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>

// The handful of EGL 1.5 entry points needed for a context without a surface.
// The library is loaded at run time, so that programs start without it.
typedef void *handle;

static handle   (*get_proc_address)(const char *);
static handle   (*get_platform_display)(unsigned, handle, const int32_t *);
static handle   (*get_display)(handle);
static unsigned (*query_devices)(int32_t, handle *, int32_t *);
static unsigned (*initialize)(handle, int32_t *, int32_t *);
static unsigned (*bind_api)(unsigned);
static handle   (*create_context)(handle, handle, handle, const int32_t *);
static unsigned (*make_current)(handle, handle, handle, handle);
static unsigned (*destroy_context)(handle, handle);
static unsigned (*release_thread)(void);
static int32_t  (*get_error)(void);

static const char *egl_load(void) {
	handle lib = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib) return dlerror();
	*(void **)&get_proc_address = dlsym(lib, "eglGetProcAddress");
	*(void **)&get_display = dlsym(lib, "eglGetDisplay");
	*(void **)&initialize = dlsym(lib, "eglInitialize");
	*(void **)&bind_api = dlsym(lib, "eglBindAPI");
	*(void **)&create_context = dlsym(lib, "eglCreateContext");
	*(void **)&make_current = dlsym(lib, "eglMakeCurrent");
	*(void **)&destroy_context = dlsym(lib, "eglDestroyContext");
	*(void **)&release_thread = dlsym(lib, "eglReleaseThread");
	*(void **)&get_error = dlsym(lib, "eglGetError");
	if (!get_proc_address || !get_display || !initialize || !bind_api || !create_context ||
	    !make_current || !destroy_context || !release_thread || !get_error)
		return "libEGL.so.1 lacks an entry point of EGL 1.4";
	get_platform_display = (handle (*)(unsigned, handle, const int32_t *))get_proc_address("eglGetPlatformDisplayEXT");
	query_devices = (unsigned (*)(int32_t, handle *, int32_t *))get_proc_address("eglQueryDevicesEXT");
	return 0;
}

static handle egl_surfaceless(void) { return get_platform_display ? get_platform_display(0x31DD, 0, 0) : 0; }
static handle egl_default(void) { return get_display(0); }
static handle egl_device(void) {
	handle device;
	int32_t n = 0;
	if (!get_platform_display || !query_devices || !query_devices(1, &device, &n) || n < 1) return 0;
	return get_platform_display(0x313F, device, 0);
}
static unsigned egl_initialize(handle d) { int32_t major, minor; return initialize(d, &major, &minor); }
static handle egl_create(handle d, int32_t major, int32_t minor) {
	// EGL_CONTEXT_MAJOR_VERSION, _MINOR_VERSION, _OPENGL_PROFILE_MASK: core.
	int32_t attributes[] = {0x3098, major, 0x30FB, minor, 0x30FD, 1, 0x3038};
	bind_api(0x30A2); // EGL_OPENGL_API, a setting of each thread
	return create_context(d, 0, 0, attributes);
}
static unsigned egl_current(handle d, handle c) { return make_current(d, 0, 0, c); }
static unsigned egl_destroy(handle d, handle c) { return destroy_context(d, c); }
static void     egl_release_thread(void) { release_thread(); }
static int32_t  egl_error(void) { return get_error(); }
static handle   egl_proc(const char *name) { return get_proc_address(name); }
*/
import "C"

import (
	"errors"
	"fmt"
	"sync"
	"unsafe"
)

// loadEGL loads libEGL once in a process.
var loadEGL = sync.OnceValue(func() error {
	if msg := C.egl_load(); msg != nil {
		return fmt.Errorf("%w: %s (Debian and Ubuntu: libegl1 libgl1-mesa-dri; Fedora: mesa-libEGL mesa-dri-drivers)",
			ErrUnavailable, C.GoString(msg))
	}
	return nil
})

// ProcAddress finds an OpenGL function for a context that [Open] made. It
// returns nil where libEGL is missing.
func ProcAddress(name string) unsafe.Pointer {
	if loadEGL() != nil {
		return nil
	}
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return unsafe.Pointer(C.egl_proc(s))
}

// eglContext is an OpenGL core context that draws to no surface.
type eglContext struct {
	display, context C.handle
	platform         string
}

// newContext makes an OpenGL context of at least the given version and makes it
// current on the calling thread, which must be locked.
//
// Displays are never terminated: EGL hands the same one to everybody in the
// process, and terminating it would take other people's contexts away.
func newContext(major, minor int) (*eglContext, error) {
	if err := loadEGL(); err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range []struct {
		name    string
		display func() C.handle
	}{
		{"surfaceless", func() C.handle { return C.egl_surfaceless() }},
		{"device", func() C.handle { return C.egl_device() }},
		{"default", func() C.handle { return C.egl_default() }},
	} {
		c := &eglContext{display: p.display(), platform: p.name}
		err := c.create(major, minor)
		if err == nil {
			return c, nil
		}
		errs = append(errs, fmt.Errorf("%s display: %w", p.name, err))
	}
	return nil, fmt.Errorf("%w: no EGL display gives an OpenGL %d.%d context:\n%w", ErrUnavailable, major, minor, errors.Join(errs...))
}

func (c *eglContext) create(major, minor int) error {
	if c.display == nil {
		return errors.New("no installed driver offers it")
	}
	if C.egl_initialize(c.display) == 0 {
		return eglError("eglInitialize")
	}
	if c.context = C.egl_create(c.display, C.int32_t(major), C.int32_t(minor)); c.context == nil {
		return eglError("eglCreateContext")
	}
	if C.egl_current(c.display, c.context) == 0 {
		err := eglError("eglMakeCurrent")
		C.egl_destroy(c.display, c.context)
		return err
	}
	return nil
}

// close destroys the context, which must be current on the calling thread.
func (c *eglContext) close() {
	C.egl_current(c.display, nil)
	C.egl_destroy(c.display, c.context)
	C.egl_release_thread()
}

// eglErrors names the errors that a missing or old driver gives.
var eglErrors = map[int]string{
	0x3001: "EGL_NOT_INITIALIZED: no driver",
	0x3002: "EGL_BAD_ACCESS",
	0x3003: "EGL_BAD_ALLOC: out of memory",
	0x3004: "EGL_BAD_ATTRIBUTE",
	0x3005: "EGL_BAD_CONFIG",
	0x3008: "EGL_BAD_DISPLAY: no driver",
	0x3009: "EGL_BAD_MATCH: the driver has no such version",
}

func eglError(call string) error {
	code := int(C.egl_error())
	if name, ok := eglErrors[code]; ok {
		return fmt.Errorf("%s: %s", call, name)
	}
	return fmt.Errorf("%s: error %#x", call, code)
}
