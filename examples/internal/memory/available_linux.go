package memory

import (
	"bufio"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// available returns the bytes that this process can still take: what the kernel takes
// for available, swap included, within the limits of the process and of its group.
func available() (int64, bool) {
	free, ok := availableIn(os.DirFS("/"))
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_AS, &limit); err == nil && limit.Cur < math.MaxInt64 {
		return min(free, int64(limit.Cur)), ok
	}
	return free, ok
}

// availableIn reads the files below the root directory.
func availableIn(root fs.FS) (int64, bool) {
	lines := keyed(root, "proc/meminfo")
	free, ok := lines["MemAvailable:"]
	if !ok {
		return 0, false
	}
	free = (free + lines["SwapFree:"]) << 10 // they are in KiB
	const group = "sys/fs/cgroup/memory."
	most, limited := number(root, group+"max")
	used, known := number(root, group+"current")
	if limited && known {
		kept := keyed(root, group+"stat") // of files, which the kernel gives back when others want it
		free = min(free, max(0, most-used+kept["inactive_file"]+kept["active_file"]))
	}
	return free, true
}

// number returns the number in a file, if there is one.
func number(root fs.FS, file string) (int64, bool) {
	b, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}

// keyed returns the numbers in a file of lines that begin with a key.
func keyed(root fs.FS, file string) map[string]int64 {
	values := map[string]int64{}
	f, err := root.Open(file)
	if err != nil {
		return values
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		if n, err := strconv.ParseInt(fields[1], 10, 64); err == nil {
			values[fields[0]] = n
		}
	}
	return values
}
