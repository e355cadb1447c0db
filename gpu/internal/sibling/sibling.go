//go:build gl && cgo && linux

// Package sibling makes OpenGL contexts that share their objects with another, for
// tests in which two threads use the same objects.
package sibling

/*
#cgo LDFLAGS: -ldl
#include <dlfcn.h>
#include <stdint.h>

typedef void *handle;

// make_sibling makes a context for another thread to use. It shares its objects with
// the current one.
static const char *make_sibling(handle *display, handle *context) {
	handle lib = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib) return dlerror();
	handle (*get_display)(void) = (handle (*)(void))dlsym(lib, "eglGetCurrentDisplay");
	handle (*get_context)(void) = (handle (*)(void))dlsym(lib, "eglGetCurrentContext");
	handle (*create)(handle, handle, handle, const int32_t *) = (handle (*)(handle, handle, handle, const int32_t *))dlsym(lib, "eglCreateContext");
	if (!get_display || !get_context || !create) return "libEGL.so.1 lacks an entry point";
	*display = get_display();
	// Version 4.3, core, and the same answer to resets as that of its sibling.
	int32_t attributes[] = {0x3098, 4, 0x30FB, 3, 0x30FD, 1, 0x31BD, 0x31BF, 0x3038};
	*context = create(*display, 0, get_context(), attributes);
	if (!*context) {
		attributes[6] = 0x3038;
		*context = create(*display, 0, get_context(), attributes);
	}
	return *context ? 0 : "no context can share the objects of this one";
}

static int use(handle display, handle context) {
	handle lib = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
	unsigned (*bind_api)(unsigned) = (unsigned (*)(unsigned))dlsym(lib, "eglBindAPI");
	unsigned (*make_current)(handle, handle, handle, handle) = (unsigned (*)(handle, handle, handle, handle))dlsym(lib, "eglMakeCurrent");
	return bind_api && make_current && bind_api(0x30A2) && make_current(display, 0, 0, context);
}

static void destroy(handle display, handle context) {
	handle lib = dlopen("libEGL.so.1", RTLD_NOW | RTLD_LOCAL);
	unsigned (*destroy_context)(handle, handle) = (unsigned (*)(handle, handle))dlsym(lib, "eglDestroyContext");
	use(display, 0);
	if (destroy_context) destroy_context(display, context);
}
*/
import "C"

import "errors"

// Context is a context for one thread.
type Context struct{ display, context C.handle }

// New returns a context of EGL that shares its objects with the one that is current on
// the calling thread.
func New() (*Context, error) {
	c := &Context{}
	if why := C.make_sibling(&c.display, &c.context); why != nil {
		return nil, errors.New(C.GoString(why))
	}
	return c, nil
}

// Use makes the context current on the calling thread, which must be locked.
func (c *Context) Use() error {
	if C.use(c.display, c.context) == 0 {
		return errors.New("the context cannot be used on this thread")
	}
	return nil
}

// Close destroys the context, on the thread that uses it.
func (c *Context) Close() { C.destroy(c.display, c.context) }
