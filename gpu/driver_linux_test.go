//go:build gl && cgo

package gpu

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// count returns how many entries a directory has.
func count(t *testing.T, dir string) int {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	return len(entries)
}

// spareHandles is how many more may be open after a while.
const spareHandles = 0

// countHandles returns how many files are open.
func countHandles(t *testing.T) int { return count(t, "/proc/self/fd") }

func countThreads(t *testing.T) int { return count(t, "/proc/self/task") }

// resident is the memory of the process in main memory, in MiB.
func resident(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/statm")
	require.NoError(t, err)
	pages, err := strconv.Atoi(strings.Fields(string(text))[1])
	require.NoError(t, err)
	return pages * os.Getpagesize() >> 20
}

// childEnv marks the processes that TestForcedErrors starts.
const childEnv = "IMPASTO_TEST_OPEN"

// noVendor is the setting without any driver.
const noVendor = "__EGL_VENDOR_LIBRARY_FILENAMES="

// mesaVendor is the file that tells EGL about Mesa, "" without one. Other drivers do
// not know the variables that break Mesa.
func mesaVendor(t *testing.T) string {
	for _, dir := range []string{"/etc/glvnd/egl_vendor.d", "/usr/share/glvnd/egl_vendor.d", "/usr/local/share/glvnd/egl_vendor.d"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.json"))
		require.NoError(t, err)
		for _, f := range files {
			text, err := os.ReadFile(f)
			require.NoError(t, err)
			if bytes.Contains(text, []byte("libEGL_mesa")) {
				return f
			}
		}
	}
	return ""
}

// TestForcedErrors opens a device in processes whose driver is missing or too
// old: all drivers, or Mesa where it is installed.
func TestForcedErrors(t *testing.T) {
	if how := os.Getenv(childEnv); how != "" {
		_, err := Open()
		if how == "current" {
			onContext(t, 3, 3, func() { _, err = FromCurrent(ProcAddress) })
		}
		require.ErrorIs(t, err, ErrUnavailable)
		os.Stdout.WriteString("ERROR: " + err.Error() + "\n")
		return
	}
	openDevice(t)
	empty := t.TempDir()
	mesa := "__EGL_VENDOR_LIBRARY_FILENAMES=" + mesaVendor(t)
	for name, c := range map[string]struct {
		how       string
		env, want []string
	}{
		"no vendor library": {"open", []string{"__EGL_VENDOR_LIBRARY_FILENAMES=" + filepath.Join(empty, "none.json")}, []string{"no installed driver"}},
		"no driver":         {"open", []string{mesa, "LIBGL_DRIVERS_PATH=" + empty, "LIBGL_ALWAYS_SOFTWARE=1"}, []string{"eglInitialize"}},
		"OpenGL 4.2":        {"open", []string{mesa, "MESA_GL_VERSION_OVERRIDE=4.2", "LIBGL_ALWAYS_SOFTWARE=1"}, []string{"4.3", "no such version"}},
		"old context":       {"current", []string{mesa, "MESA_GL_VERSION_OVERRIDE=3.3", "LIBGL_ALWAYS_SOFTWARE=1"}, []string{"the context is OpenGL 3.3", "need 4.3"}},
	} {
		t.Run(name, func(t *testing.T) {
			if slices.Contains(c.env, mesa) && mesa == noVendor {
				need.Missing(t, "platform", "Mesa, the driver that this breaks, is not installed")
			}
			cmd := exec.Command(os.Args[0], "-test.run=^TestForcedErrors$")
			cmd.Env = append(append(os.Environ(), childEnv+"="+c.how), c.env...)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			require.NoError(t, cmd.Run(), out.String())
			for _, want := range c.want {
				require.Contains(t, out.String(), want)
			}
		})
	}
}

// TestCard opens the first card, and one that is not there.
func TestCard(t *testing.T) {
	openDevice(t, Card(0))
	_, err := Open(Card(99))
	require.ErrorIs(t, err, ErrUnavailable)
	require.ErrorContains(t, err, "card 99, counted from 0, of ")
}
