//go:build !linux

package inputs

import "runtime"

// processors returns the number of processors.
func processors() int { return runtime.NumCPU() }
