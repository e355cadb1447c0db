//go:build gl && cgo && (linux || windows)

package gpu

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
	"github.com/impasto-go/impasto/tensor/backend"
)

// TestTune lets a software renderer measure what a card would, and takes the result
// from the cache the next time.
func TestTune(t *testing.T) {
	t.Setenv(cacheEnv, t.TempDir())
	before := measured
	t.Cleanup(func() { measured = before })
	for i := range measured {
		measured[i][2], measured[i][3] = 16, 16
	}
	tuned := func() *Device {
		d := openDevice(t)
		d.kernels.shared, d.kernels.tuned = true, false
		return d
	}
	d := tuned()
	text := d.Kernels()
	for i, class := range convClasses {
		require.Contains(t, class.candidates, d.kernels.best[i])
		require.Contains(t, text, d.kernels.best[i])
	}
	require.Empty(t, d.kernels.conv, "no kernel is left forced")
	require.NotEqual(t, float64(pieceFLOPs), d.limits.flops)
	require.NoError(t, d.Err())

	again := tuned()
	require.Equal(t, text, again.Kernels())
	require.Zero(t, again.Stats().Dispatches, "nothing is measured")

	require.NoError(t, os.WriteFile(filepath.Join(d.cache.dir, choiceFile), []byte("{}"), 0o644))
	damaged := tuned()
	damaged.Kernels()
	require.Positive(t, damaged.Stats().Dispatches, "measured again")
}

// TestSettle has trials that become faster late, never, and again and again.
func TestSettle(t *testing.T) {
	var clock time.Duration
	runs := 0
	fake := func(took func() time.Duration) *trial {
		return &trial{run: func() (time.Duration, bool) {
			runs++
			d := took()
			clock += d
			return d, true
		}}
	}
	steady := fake(func() time.Duration { return time.Millisecond })
	late := fake(func() time.Duration {
		if clock < 300*time.Millisecond {
			return 3 * time.Millisecond
		}
		return 500 * time.Microsecond
	})
	require.True(t, settle([]*trial{steady, late}))
	require.Equal(t, time.Millisecond, steady.best)
	require.Equal(t, 500*time.Microsecond, late.best)

	clock = 0
	require.True(t, settle([]*trial{steady}))
	require.Less(t, clock, 410*time.Millisecond)

	clock = 0
	next := time.Second
	require.True(t, settle([]*trial{fake(func() time.Duration { next = next * 3 / 4; return next })}))
	require.Less(t, clock, 4*time.Second)

	runs = 0
	failing := &trial{run: func() (time.Duration, bool) { return 0, runs < 5 }}
	require.False(t, settle([]*trial{steady, failing}))
	require.Equal(t, 5, runs)
}

// TestProgramCache compiles once for two devices, unless the cache is damaged.
func TestProgramCache(t *testing.T) {
	t.Setenv(cacheEnv, t.TempDir())
	fill := func() *Device {
		d := openDevice(t)
		b := d.Alloc(backend.Vec(5))
		d.Fill(b, 7)
		got := make([]float32, 5)
		d.Read(got, b)
		require.Equal(t, full(5, 7), got)
		return d
	}
	d := fill()
	files, err := filepath.Glob(filepath.Join(d.cache.dir, "*.bin"))
	require.NoError(t, err)
	if len(files) == 0 {
		need.Missing(t, "platform", "the driver gives no binaries away")
	}
	require.Len(t, files, 1)
	require.Zero(t, fill().Stats().Compiled)
	whole, err := os.ReadFile(files[0])
	require.NoError(t, err)
	for _, damaged := range [][]byte{{}, whole[:40], append(slices.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1)} {
		require.NoError(t, os.WriteFile(files[0], damaged, 0o644))
		require.Equal(t, 1, fill().Stats().Compiled)
		now, err := os.ReadFile(files[0])
		require.NoError(t, err)
		require.NotEqual(t, damaged, now)
	}
	d.cache.write("refused.bin", []byte("no program at all"))
	data, ok := d.cache.read("refused.bin")
	require.True(t, ok)
	d.cache.write(programFile("source"), data)
	d.Do(func() {
		_, ok := d.cache.program("source")
		require.False(t, ok)
	})
	require.NoError(t, d.Sync())
}

// TestCacheFolders removes those that nobody uses and nothing else.
func TestCacheFolders(t *testing.T) {
	root := t.TempDir()
	t.Setenv(cacheEnv, root)
	old := filepath.Join(root, "0123456789abcdef01234567")
	other := filepath.Join(root, "somebody's")
	for _, dir := range []string{old, other} {
		require.NoError(t, os.Mkdir(dir, 0o755))
		long := time.Now().Add(-2 * unusedFor)
		require.NoError(t, os.Chtimes(dir, long, long))
	}
	c := openCache(Info{Renderer: "card"})
	require.DirExists(t, c.dir)
	require.NoDirExists(t, old)
	require.DirExists(t, other)
	require.NotEqual(t, c, openCache(Info{Renderer: "card", Version: "new driver"}))
	require.Equal(t, c, openCache(Info{Renderer: "card"}))

	t.Setenv(cacheEnv, "off")
	require.Equal(t, cache{}, openCache(Info{Renderer: "card"}))
	c = cache{}
	c.write("x", []byte("y"))
	_, ok := c.read("x")
	require.False(t, ok)
	t.Setenv(cacheEnv, "")
	require.Equal(t, cache{}, openCache(Info{Renderer: "llvmpipe (LLVM 15)"}))
}

func TestForcedKernels(t *testing.T) {
	openDevice(t)
	for _, c := range []struct{ env, want string }{{direct, direct}, {"64x64", "64x64"}, {"", direct}} {
		t.Setenv(kernelsEnv, c.env)
		d := openDevice(t)
		if c.env != "" || software(d.info.Renderer) {
			require.Equal(t, c.want, d.Kernels())
		}
	}
	t.Setenv(kernelsEnv, "7x7")
	_, err := Open()
	require.ErrorContains(t, err, "IMPASTO_GPU_KERNELS=7x7: there are direct and 8x256")
}
