// Package weightstest helps the tests of the packages that read and write weights
// files, with PyTorch as an oracle.
package weightstest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// Shared returns the path of a file in the directory "shared" beside the
// repository, and skips the test where there is none.
func Shared(t testing.TB, name string) string {
	dir, err := os.Getwd()
	require.NoError(t, err)
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		path := filepath.Join(dir, "shared", name)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("shared/%s is not beside the repository", name)
	return ""
}

// torch finds a Python interpreter that has torch.
var torch = sync.OnceValue(func() string {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import importlib.util as u, sys; sys.exit(not u.find_spec('torch'))").Run() == nil {
			return python
		}
	}
	return ""
})

// Torch runs a Python script with PyTorch and returns what it prints. Without
// PyTorch the test is skipped, or fails if IMPASTO_REQUIRE contains "torch".
func Torch(t testing.TB, script string, args ...string) string {
	if torch() == "" {
		if strings.Contains(os.Getenv("IMPASTO_REQUIRE"), "torch") {
			t.Fatal("no python3 has torch, which IMPASTO_REQUIRE asks for")
		}
		t.Skip("no python3 has torch")
	}
	out, err := exec.Command(torch(), append([]string{"-c", script}, args...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}
