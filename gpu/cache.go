//go:build gl && cgo && (linux || windows)

package gpu

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/impasto-go/impasto/internal/atomicfile"
)

// cache is a folder with what is worth keeping about a device from one process to the
// next: the choice of kernels and compiled programs. A cache without a folder keeps
// nothing. What cannot be read or written is computed again.
type cache struct{ dir string }

// cacheEnv is the environment variable that moves the cache to another folder, or with
// "off" does without.
const cacheEnv = "IMPASTO_GPU_CACHE"

// unusedFor is after which time the folder of another device, driver or version is
// removed.
const unusedFor = 90 * 24 * time.Hour

// openCache returns the cache of a device: a folder by its driver and by the shaders, in
// the user's folder for caches. Software renderers have caches of their own.
func openCache(info Info) cache {
	root := os.Getenv(cacheEnv)
	switch {
	case root == "off" || root == "" && software(info.Renderer):
		return cache{}
	case root == "":
		dir, err := os.UserCacheDir()
		if err != nil {
			return cache{}
		}
		root = filepath.Join(dir, "impasto", "gpu")
	}
	key := sha256.New()
	for _, s := range []string{info.Vendor, info.Renderer, info.Version} {
		io.WriteString(key, s+"\x00")
	}
	fs.WalkDir(shaders, ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			text, _ := shaders.ReadFile(path)
			key.Write(text)
		}
		return nil
	})
	dir := filepath.Join(root, hex.EncodeToString(key.Sum(nil)[:12]))
	if os.MkdirAll(dir, 0o755) != nil {
		return cache{}
	}
	now := time.Now()
	os.Chtimes(dir, now, now)
	removeUnused(root, now.Add(-unusedFor))
	return cache{dir}
}

// removeUnused removes the folders of caches that were last used before a time.
func removeUnused(root string, before time.Time) {
	entries, _ := os.ReadDir(root)
	for _, e := range entries {
		_, err := hex.DecodeString(e.Name())
		info, infoErr := e.Info()
		if err == nil && infoErr == nil && e.IsDir() && len(e.Name()) == 24 && info.ModTime().Before(before) {
			os.RemoveAll(filepath.Join(root, e.Name()))
		}
	}
}

// maxCached bounds a file of the cache.
const maxCached = 32 << 20

// read returns what was written under a name, whole.
func (c cache) read(name string) ([]byte, bool) {
	if c.dir == "" {
		return nil, false
	}
	f, err := os.Open(filepath.Join(c.dir, name))
	if err != nil {
		return nil, false
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxCached))
	if err != nil || len(data) < sha256.Size {
		return nil, false
	}
	sum := sha256.Sum256(data[sha256.Size:])
	return data[sha256.Size:], bytes.Equal(sum[:], data[:sha256.Size])
}

// write keeps data under a name, behind its checksum.
func (c cache) write(name string, data []byte) {
	if c.dir == "" || len(data)+sha256.Size > maxCached {
		return
	}
	sum := sha256.Sum256(data)
	// An error only means that the next process starts more slowly.
	_ = atomicfile.Write(filepath.Join(c.dir, name), func(w io.Writer) error {
		_, err := w.Write(append(sum[:], data...))
		return err
	})
}
