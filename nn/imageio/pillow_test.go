package imageio

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// pillow runs a Python script that imports PIL and returns its output. Where
// there is no Pillow it skips the test, unless IMPASTO_REQUIRE asks for it.
func pillow(t *testing.T, script string, stdin []byte, args ...string) []byte {
	t.Helper()
	for _, python := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import PIL, numpy").Run() != nil {
			continue
		}
		cmd := exec.Command(python, append([]string{"-W", "ignore", "-c", script}, args...)...)
		cmd.Stdin = bytes.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		require.NoError(t, err, stderr.String())
		return out
	}
	if strings.Contains(os.Getenv("IMPASTO_REQUIRE"), "pillow") {
		t.Fatal("IMPASTO_REQUIRE asks for Pillow, but no python3 has PIL and numpy")
	}
	t.Skip("no python3 with PIL and numpy")
	return nil
}
