// This folder's test builds programs for Windows and runs them under Wine.
package wine_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// TestWindowsPrograms runs tests of files, checkpoints and the OpenGL backend as Windows
// programs, which takes minutes.
//
// Left out are tests that hold Windows to what POSIX has, permission bits, and those
// that ask for the memory in use many thousand times, which Wine is slow to tell.
func TestWindowsPrograms(t *testing.T) {
	need.OnlyLong(t)
	need.Tool(t, "wine")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	require.NoError(t, err)
	overlay := deletesAsBefore(t)
	for _, c := range []struct {
		name string
		gl   bool
		args []string
	}{
		{"files", false, []string{"-skip", "^TestWrite$|^TestTruncationAndDamage$|^TestZipDamage$", "./internal/atomicfile", "./nn/imageio", "./nn/pth", "./nn/safetensors", "./nn/stylize", "./train/checkpoint", "./train/dataset", "./examples/internal/memory"}},
		{"training", false, []string{"-run", "Killed|Resume|FollowsPyTorch", "./train"}},
		{"gpu", true, []string{"-run", "Info|Transfers|FromCurrent|Texture|Temporal|OpenClose|Write|Interleavings|Lost|Cache|SelfTest|InAnyOrder|OnTheDevice|TestTraining$", "./gpu", "./gpu/glstyle"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := []string{"test", "-count=1", "-overlay", overlay, "-exec", filepath.Join(root, ".ci", "wine")}
			cmd := exec.Command("go", append(args, c.args...)...)
			cmd.Dir, cmd.Env = root, append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0", "IMPASTO_REQUIRE=", "IMPASTO_LONG=")
			if c.gl {
				cmd.Args = append(append([]string{"go"}, append(args, "-tags", "gl")...), c.args...)
				cmd.Env = append(cmd.Env, "CGO_ENABLED=1", "CC=x86_64-w64-mingw32-gcc", "IMPASTO_REQUIRE=opengl")
			}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, string(out))
			require.Equal(t, len(packages(c.args)), strings.Count(string(out), "ok  \t"), string(out))
		})
	}
}

// packages are the arguments that name packages.
func packages(args []string) (names []string) {
	for _, a := range args {
		if strings.HasPrefix(a, "./") {
			names = append(names, a)
		}
	}
	return names
}

// deletesAsBefore returns an overlay for the go command in which os.RemoveAll deletes
// as it does on old versions of Windows. Wine 8 answers the question for the new way
// with an error that Go does not know.
func deletesAsBefore(t *testing.T) string {
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	require.NoError(t, err)
	source := filepath.Join(strings.TrimSpace(string(goroot)), "src", "internal", "syscall", "windows", "at_windows.go")
	text, err := os.ReadFile(source)
	require.NoError(t, err)
	changed := bytes.Replace(text, []byte("if TestDeleteatFallback {"), []byte("if true {"), 1)
	require.NotEqual(t, text, changed, "Go's library has changed: see whether Wine can do without this now")
	dir := t.TempDir()
	replacement, overlay := filepath.Join(dir, "at_windows.go"), filepath.Join(dir, "overlay.json")
	require.NoError(t, os.WriteFile(replacement, changed, 0o644))
	text, err = json.Marshal(map[string]map[string]string{"Replace": {source: replacement}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, text, 0o644))
	return overlay
}
