//go:build gl && cgo

package gpu

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// The handful of EGL 1.5 entry points needed for a context without a surface.
// The library is loaded at run time, so that programs start without it.
typedef void *handle;

static handle   (*get_proc_address)(const char *);
static handle   (*get_platform_display)(unsigned, handle, const int32_t *);
static handle   (*get_display)(handle);
static unsigned (*query_devices)(int32_t, handle *, int32_t *);
static const char *(*query_device_string)(handle, int32_t);
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
	query_device_string = (const char *(*)(handle, int32_t))get_proc_address("eglQueryDeviceStringEXT");
	return 0;
}

static handle egl_surfaceless(void) { return get_platform_display ? get_platform_display(0x31DD, 0, 0) : 0; }
static handle egl_default(void) { return get_display(0); }

// hardware_device finds the first device that is not Mesa's software renderer.
static handle hardware_device(void) {
	handle devices[16];
	int32_t n = 0;
	if (!query_devices || !query_device_string || !query_devices(16, devices, &n)) return 0;
	for (int32_t i = 0; i < n; i++) {
		const char *extensions = query_device_string(devices[i], 0x3055); // EGL_EXTENSIONS
		if (extensions && !strstr(extensions, "EGL_MESA_device_software")) return devices[i];
	}
	return 0;
}
static int egl_has_hardware(void) { return hardware_device() != 0; }
static handle egl_device(void) {
	handle device = hardware_device();
	int32_t n = 0;
	if (!get_platform_display || !query_devices) return 0;
	if (!device && (!query_devices(1, &device, &n) || n < 1)) return 0;
	return get_platform_display(0x313F, device, 0);
}
// egl_card is the display of one of the graphics cards, counted from 0, or of the
// software renderers where there is no card.
static handle egl_card(int32_t card, int32_t *cards) {
	handle devices[16], hardware[16];
	int32_t n = 0, h = 0;
	*cards = 0;
	if (!get_platform_display || !query_devices || !query_devices(16, devices, &n)) return 0;
	for (int32_t i = 0; i < n && query_device_string; i++) {
		const char *extensions = query_device_string(devices[i], 0x3055);
		if (extensions && !strstr(extensions, "EGL_MESA_device_software")) hardware[h++] = devices[i];
	}
	*cards = h > 0 ? h : n;
	if (card >= *cards) return 0;
	return get_platform_display(0x313F, h > 0 ? hardware[card] : devices[card], 0);
}
// egl_software tells whether the current context computes on the CPU.
static int egl_software(void) {
	const char *(*get_string)(unsigned) = (const char *(*)(unsigned))get_proc_address("glGetString");
	const char *renderer = get_string ? get_string(0x1F01) : 0; // GL_RENDERER
	return renderer && (strstr(renderer, "llvmpipe") || strstr(renderer, "softpipe") || strstr(renderer, "swrast"));
}
static unsigned egl_initialize(handle d) { int32_t major, minor; return initialize(d, &major, &minor); }
static handle egl_create(handle d, int32_t major, int32_t minor) {
	// EGL_CONTEXT_MAJOR_VERSION, _MINOR_VERSION, _OPENGL_PROFILE_MASK: core, and
	// _OPENGL_RESET_NOTIFICATION_STRATEGY: lose the context, where the driver can.
	int32_t attributes[] = {0x3098, major, 0x30FB, minor, 0x30FD, 1, 0x31BD, 0x31BF, 0x3038};
	bind_api(0x30A2); // EGL_OPENGL_API, a setting of each thread
	handle c = create_context(d, 0, 0, attributes);
	if (c) return c;
	attributes[6] = 0x3038;
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
	"os"
	"sync"
	"syscall"
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

// procAddress finds a function of any context of EGL.
func procAddress(name string) unsafe.Pointer {
	if loadEGL() != nil {
		return nil
	}
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return unsafe.Pointer(C.egl_proc(s))
}

// contextIsCurrent leaves the question to OpenGL: contexts may be GLX's.
func contextIsCurrent() bool { return true }

// threadID names the calling thread.
func threadID() int { return syscall.Gettid() }

// ownContext is an OpenGL core context that draws to no surface.
type ownContext struct {
	display, context C.handle
	platform         string
}

// platform is a way to a display.
type platform struct {
	name    string
	display func() C.handle
}

var (
	surfaceless    = platform{"surfaceless", func() C.handle { return C.egl_surfaceless() }}
	deviceOnly     = platform{"device", func() C.handle { return C.egl_device() }}
	defaultDisplay = platform{"default", func() C.handle { return C.egl_default() }}
)

// newContext makes an OpenGL context of at least the given version and makes it
// current on the calling thread, which must be locked.
//
// Displays are never terminated: EGL hands the same one to everybody in the
// process, and terminating it would take other people's contexts away.
func newContext(major, minor int) (*ownContext, error) {
	if err := loadEGL(); err != nil {
		return nil, err
	}
	var errs []error
	for _, p := range []platform{surfaceless, deviceOnly, defaultDisplay} {
		c, err := p.context(major, minor)
		if err == nil {
			return c.preferHardware(major, minor), nil
		}
		errs = append(errs, fmt.Errorf("%s display: %w", p.name, err))
	}
	return nil, fmt.Errorf("%w: no EGL display gives an OpenGL %d.%d context:\n%w", ErrUnavailable, major, minor, errors.Join(errs...))
}

// newCardContext is newContext on the card with the given number.
func newCardContext(major, minor, card int) (*ownContext, error) {
	if err := loadEGL(); err != nil {
		return nil, err
	}
	var cards C.int32_t
	p := platform{"device", func() C.handle { return C.egl_card(C.int32_t(card), &cards) }}
	c, err := p.context(major, minor)
	if err == nil {
		return c, nil
	}
	return nil, fmt.Errorf("%w: card %d, counted from 0, of %d: %w", ErrUnavailable, card, int(cards), err)
}

// preferHardware returns a context on a graphics card instead of c, if c is a
// software renderer's and there is one. Beside a driver without the surfaceless
// platform, such as NVIDIA's, Mesa offers that platform in software.
func (c *ownContext) preferHardware(major, minor int) *ownContext {
	if os.Getenv("LIBGL_ALWAYS_SOFTWARE") != "" || C.egl_software() == 0 || C.egl_has_hardware() == 0 {
		return c
	}
	if card, err := deviceOnly.context(major, minor); err == nil {
		if C.egl_software() == 0 {
			C.egl_destroy(c.display, c.context)
			return card
		}
		C.egl_destroy(card.display, card.context)
	}
	C.egl_current(c.display, c.context)
	return c
}

// context makes a context of p and makes it current.
func (p platform) context(major, minor int) (*ownContext, error) {
	c := &ownContext{display: p.display(), platform: p.name}
	return c, c.create(major, minor)
}

func (c *ownContext) create(major, minor int) error {
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
func (c *ownContext) close() {
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
