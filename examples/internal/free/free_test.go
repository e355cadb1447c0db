package free

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemory(t *testing.T) {
	for _, c := range []struct {
		info, limit, used string
		want              int64
	}{
		{"MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "", "", 2 << 20},
		{"MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "max\n", "77\n", 2 << 20},
		{"MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "1000000\n", "400000\n", 600_000},
		{"MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "1000000\n", "1400000\n", 1},
		{"MemTotal:  9 kB\nMemAvailable:   2048 kB\n", "9000000\n", "400000\n", 2 << 20},
		{"MemTotal:  9 kB\n", "1000000\n", "", 0},
		{"", "", "", 0},
	} {
		root := t.TempDir()
		for name, text := range map[string]string{"proc/meminfo": c.info, "sys/fs/cgroup/memory.max": c.limit, "sys/fs/cgroup/memory.current": c.used} {
			if text != "" {
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o777))
				require.NoError(t, os.WriteFile(filepath.Join(root, name), []byte(text), 0o666))
			}
		}
		require.Equal(t, c.want, memory(root), "%+v", c)
	}
	if runtime.GOOS == "linux" {
		require.Positive(t, Memory())
	}
}
