package memory

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestAvailable(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	root := fstest.MapFS{"proc/meminfo": file("MemTotal: 2000 kB\nMemFree: 1 kB\nMemAvailable: 1000 kB\nSwapFree: 24 kB\nHugePages_Total: 0\n")}
	check := func(want int64) {
		t.Helper()
		got, ok := availableIn(root)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	check(1024 << 10)
	root["sys/fs/cgroup/memory.max"], root["sys/fs/cgroup/memory.current"] = file("max\n"), file("5000\n")
	check(1024 << 10)
	root["sys/fs/cgroup/memory.max"] = file("100000\n")
	check(95000)
	root["sys/fs/cgroup/memory.stat"] = file("anon 1\ninactive_file 3000\nactive_file 7\n")
	check(98007)
	root["sys/fs/cgroup/memory.current"] = file("200000\n")
	check(0)
	_, ok := availableIn(fstest.MapFS{})
	require.False(t, ok)
}
