//go:build gl && cgo && linux

package gpu_test

import "github.com/impasto-go/impasto/gpu"

func init() { threaded = gpu.Threaded }
