// Package weightstest helps the tests of the packages that read and write weights
// files: PyTorch as an oracle, damaged copies of files, and a bound on memory.
package weightstest

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
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

// Allocated returns the bytes that run allocates in total.
func Allocated(run func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	run()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// Bounded runs read and requires that it allocates at most twice the file's size
// and 16 MiB in total.
func Bounded(t testing.TB, fileSize int, read func()) {
	require.LessOrEqual(t, Allocated(read), 2*fileSize+16<<20, "bytes allocated for a file of %d", fileSize)
}

// Truncations returns the lengths at which a file of the given size is cut: all
// below 4 KiB, then every 1 KiB.
func Truncations(size int) []int {
	var lengths []int
	for n := 0; n < size; n++ {
		if n < 4096 || n%1024 == 0 || n == size-1 {
			lengths = append(lengths, n)
		}
	}
	return lengths
}

// Flips calls f with copies of file in which one byte of [from, to) is changed: its
// lowest or its highest bit.
func Flips(file []byte, from, to int, f func(at int, damaged []byte)) {
	damaged := slices.Clone(file)
	for at := from; at < to; at++ {
		for _, mask := range []byte{0x01, 0x80} {
			damaged[at] ^= mask
			f(at, damaged)
			damaged[at] ^= mask
		}
	}
}

// Mutations calls f with randomly damaged copies of file: 10,000 if IMPASTO_LONG
// is set and 2,000 otherwise. Bytes are overwritten, and parts are cut out,
// doubled or exchanged.
func Mutations(file []byte, f func(damaged []byte)) {
	count := 2000
	if os.Getenv("IMPASTO_LONG") != "" {
		count = 10000
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range count {
		damaged := slices.Clone(file)
		for range 1 + rng.IntN(8) {
			at := rng.IntN(len(damaged))
			end := min(len(damaged), at+1+rng.IntN(16))
			switch rng.IntN(8) {
			case 0:
				damaged = slices.Delete(damaged, at, end)
			case 1:
				damaged = slices.Insert(damaged, at, slices.Clone(damaged[at:end])...)
			case 2:
				for i := at; i < end; i++ {
					damaged[i] = 0xff
				}
			case 3:
				to := rng.IntN(len(damaged))
				copy(damaged[to:], slices.Clone(damaged[at:end]))
			default:
				damaged[at] = byte(rng.Uint32())
			}
			if len(damaged) == 0 {
				break
			}
		}
		f(damaged)
	}
}
