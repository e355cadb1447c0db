//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly || windows)

package atomicfile

import "os"

func hold(*os.File) {}

func removeUnused(path string) error { return os.Remove(path) }
