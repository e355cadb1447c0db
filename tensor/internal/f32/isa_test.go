package f32

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	testneed "github.com/impasto-go/impasto/internal/need"
)

// eachISA runs f once for every instruction set of this architecture. One
// that this machine lacks is skipped.
func eachISA(t *testing.T, f func(t *testing.T)) {
	before := active
	t.Cleanup(func() { active = before })
	for _, name := range isaNames {
		if foreign := map[string]string{"neon": "arm64", "avx2": "amd64", "avx512": "amd64"}[name]; foreign != "" && foreign != runtime.GOARCH {
			continue
		}
		t.Run(name, func(t *testing.T) {
			if err := Use(name); err != nil {
				testneed.Missing(t, name, "%v", err)
			}
			f(t)
		})
	}
}

func TestUse(t *testing.T) {
	before := active
	t.Cleanup(func() { active = before })
	require.ErrorContains(t, Use("sse"), "unknown instruction set")
	require.NoError(t, Use("portable"))
	require.Equal(t, "portable", ISA())
	require.Equal(t, 8, Rows())
}

func TestPick(t *testing.T) {
	best := pick("")
	require.True(t, available(best))
	require.Equal(t, best, pick("unknown"), "an unknown name sets no limit")
	require.Equal(t, portable, pick("portable"))
	for i, name := range isaNames {
		got := pick(name)
		require.True(t, available(got))
		require.LessOrEqual(t, got, isa(i))
		if available(isa(i)) {
			require.Equal(t, isa(i), got)
		}
	}
}

// TestEnvironment starts a process of its own for each cap on the instruction set.
func TestEnvironment(t *testing.T) {
	if want := os.Getenv("F32_TEST_ISA"); want != "" {
		require.Equal(t, want, ISA())
		return
	}
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, name := range append(isaNames[:], "", "unknown") {
		cmd := exec.Command(exe, "-test.run=^TestEnvironment$")
		cmd.Env = append(os.Environ(), "IMPASTO_ISA="+name, "F32_TEST_ISA="+isaNames[pick(name)])
		out, err := cmd.CombinedOutput()
		if errors.Is(err, syscall.ENOEXEC) {
			testneed.Missing(t, "platform", "this program runs in an emulator, which does not start others")
		}
		require.NoError(t, err, "IMPASTO_ISA=%s: %s", name, out)
	}
}
