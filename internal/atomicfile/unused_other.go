//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package atomicfile

import (
	"io"
	"os"
)

func hold(*os.File) (io.Closer, error) { return io.NopCloser(nil), nil }

func removeUnused(path string) error { return os.Remove(path) }
