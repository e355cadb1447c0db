//go:build gl && cgo

package gpu

/*
#cgo LDFLAGS: -lopengl32 -lgdi32 -luser32
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#include <stdlib.h>
#include <string.h>

// A window that nobody sees, whose device context a context needs. It belongs to a
// thread that does nothing but answer its messages, so that whoever sends one to all
// windows need not wait for ours.
typedef struct {
	HWND window;
	HDC dc;
	HGLRC context;
	const char *failed; // the call that did
	DWORD error;
} wgl;

static int wgl_fail(wgl *w, const char *call) { w->failed = call; w->error = GetLastError(); return 0; }

static int wgl_window(wgl *w) {
	WNDCLASSA class = {0};
	class.style = CS_OWNDC;
	class.lpfnWndProc = DefWindowProcA;
	class.hInstance = GetModuleHandleA(0);
	class.lpszClassName = "impasto";
	RegisterClassA(&class); // fails where it was registered before
	w->window = CreateWindowExA(0, "impasto", "", WS_POPUP, 0, 0, 16, 16, 0, 0, class.hInstance, 0);
	if (!w->window) return wgl_fail(w, "CreateWindowEx");
	w->dc = GetDC(w->window);
	if (!w->dc) return wgl_fail(w, "GetDC");
	PIXELFORMATDESCRIPTOR format = {sizeof format, 1, PFD_DRAW_TO_WINDOW | PFD_SUPPORT_OPENGL, PFD_TYPE_RGBA, 24};
	int chosen = ChoosePixelFormat(w->dc, &format);
	if (!chosen) return wgl_fail(w, "ChoosePixelFormat");
	if (!SetPixelFormat(w->dc, chosen, &format)) return wgl_fail(w, "SetPixelFormat");
	return 1;
}

// wgl_answer answers messages until wgl_quit, then ends the window.
static void wgl_answer(wgl *w) {
	MSG m;
	while (w->window && GetMessageA(&m, 0, 0, 0) > 0) DispatchMessageA(&m);
	if (w->dc) ReleaseDC(w->window, w->dc);
	if (w->window) DestroyWindow(w->window);
}
static void wgl_quit(wgl *w) { PostThreadMessageA(GetWindowThreadProcessId(w->window, 0), WM_QUIT, 0, 0); }

// wgl_create makes a context of the core profile and makes it current. Windows has only
// a function for old ones, and the driver's for new ones is found with an old one.
static int wgl_create(wgl *w, int major, int minor) {
	HGLRC old = wglCreateContext(w->dc);
	if (!old) return wgl_fail(w, "wglCreateContext");
	if (!wglMakeCurrent(w->dc, old)) { wgl_fail(w, "wglMakeCurrent"); wglDeleteContext(old); return 0; }
	HGLRC (WINAPI *create)(HDC, HGLRC, const int *) = (void *)wglGetProcAddress("wglCreateContextAttribsARB");
	if (create) {
		// WGL_CONTEXT_MAJOR_VERSION, _MINOR_VERSION, _PROFILE_MASK: core, and
		// _RESET_NOTIFICATION_STRATEGY: lose the context, where the driver can.
		int attributes[] = {0x2091, major, 0x2092, minor, 0x9126, 1, 0x8256, 0x8252, 0};
		w->context = create(w->dc, 0, attributes);
		if (!w->context) { attributes[6] = 0; w->context = create(w->dc, 0, attributes); }
	}
	if (!w->context) wgl_fail(w, create ? "wglCreateContextAttribs" : "wglGetProcAddress(wglCreateContextAttribsARB)");
	wglMakeCurrent(0, 0);
	wglDeleteContext(old);
	if (!w->context) return 0;
	if (!wglMakeCurrent(w->dc, w->context)) { wgl_fail(w, "wglMakeCurrent"); wglDeleteContext(w->context); return 0; }
	return 1;
}
static void wgl_destroy(wgl *w) { wglMakeCurrent(0, 0); wglDeleteContext(w->context); }

static void *wgl_proc(const char *name) {
	// Functions of OpenGL 1.1 come from the library, and some drivers say no with
	// small numbers.
	void *p = (void *)wglGetProcAddress(name);
	if (p && p != (void *)1 && p != (void *)2 && p != (void *)3 && p != (void *)-1) return p;
	return (void *)GetProcAddress(GetModuleHandleA("opengl32.dll"), name);
}
*/
import "C"

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// procAddress finds a function of the context that is current.
func procAddress(name string) unsafe.Pointer {
	s := C.CString(name)
	defer C.free(unsafe.Pointer(s))
	return C.wgl_proc(s)
}

// contextIsCurrent reports whether the calling thread has a context.
func contextIsCurrent() bool { return C.wglGetCurrentContext() != nil }

// threadID names the calling thread.
func threadID() int { return int(C.GetCurrentThreadId()) }

// ownContext is an OpenGL core context for a window that nobody sees.
type ownContext struct {
	wgl      *C.wgl // in C's memory, which two threads share
	answered chan struct{}
	platform string
}

// newContext makes an OpenGL context of at least the given version and makes it
// current on the calling thread, which must be locked.
func newContext(major, minor int) (*ownContext, error) {
	c := &ownContext{wgl: (*C.wgl)(C.calloc(1, C.sizeof_wgl)), answered: make(chan struct{}), platform: "wgl"}
	made := make(chan bool)
	go func() {
		runtime.LockOSThread() // for good, so that the thread ends with the goroutine
		defer close(c.answered)
		ok := C.wgl_window(c.wgl) != 0
		made <- ok
		if ok {
			C.wgl_answer(c.wgl)
		}
	}()
	windowed := <-made
	if windowed && C.wgl_create(c.wgl, C.int(major), C.int(minor)) != 0 {
		return c, nil
	}
	err := fmt.Errorf("%w: no OpenGL %d.%d context: %s: %w", ErrUnavailable, major, minor,
		C.GoString(c.wgl.failed), syscall.Errno(c.wgl.error))
	c.end(windowed)
	return nil, err
}

// newCardContext is newContext on the card with the given number, of which Windows
// offers the one that its settings give the program.
func newCardContext(major, minor, card int) (*ownContext, error) {
	if card == 0 {
		return newContext(major, minor)
	}
	return nil, fmt.Errorf("%w: card %d, counted from 0, of 1: Windows chooses the card of a program, in its graphics settings", ErrUnavailable, card)
}

// close destroys the context, which must be current on the calling thread.
func (c *ownContext) close() {
	C.wgl_destroy(c.wgl)
	c.end(true)
}

// end ends the window and its thread.
func (c *ownContext) end(windowed bool) {
	if windowed {
		C.wgl_quit(c.wgl)
	}
	<-c.answered
	C.free(unsafe.Pointer(c.wgl))
}
