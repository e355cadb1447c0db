//go:build gl && cgo

package gpu

import "syscall"

// threadID names the calling thread.
func threadID() int { return syscall.Gettid() }
