package inputs

import (
	"bytes"
	"os"
	"runtime"
)

// processors returns the number of processors, those that this process is not bound to
// included, which runtime.NumCPU leaves out.
func processors() int {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.NumCPU()
	}
	return max(bytes.Count(info, []byte("\nprocessor\t"))+1, runtime.NumCPU())
}
