package convertvgg

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// partFile is an unfinished download and the ETag of what it is a part of.
type partFile struct {
	*os.File
	size int64
	etag string // strong, or "" if the download cannot be resumed
}

// openPart opens path.part, empty if it cannot be resumed.
func openPart(path string) (*partFile, error) {
	f, err := os.OpenFile(path+".part", os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	p := &partFile{File: f}
	if etag, err := os.ReadFile(p.etagFile()); err == nil {
		p.etag = string(etag)
		p.size, err = f.Seek(0, io.SeekEnd)
		if err != nil {
			f.Close()
			return nil, err
		}
	}
	return p, nil
}

func (p *partFile) etagFile() string { return p.Name() + ".etag" }

// restart empties the part, of a file with the given ETag from now on. A weak
// ETag does not promise equal bytes, so it is none for this purpose.
func (p *partFile) restart(etag string) error {
	if err := os.Remove(p.etagFile()); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := p.Truncate(0); err != nil {
		return err
	}
	p.size, p.etag = 0, ""
	if !strings.HasPrefix(etag, `"`) {
		return nil
	}
	p.etag = etag
	return os.WriteFile(p.etagFile(), []byte(etag), 0o666)
}

func (p *partFile) append(data []byte) error {
	n, err := p.WriteAt(data, p.size)
	p.size += int64(n)
	return err
}

// close closes the part, and leaves no file when nothing has come yet.
func (p *partFile) close() {
	p.Close()
	if p.size == 0 {
		p.remove()
	}
}

func (p *partFile) remove() {
	p.Close()
	os.Remove(p.Name())
	os.Remove(p.etagFile())
}

// finish gives the complete part its final name, for good.
func (p *partFile) finish(path string) error {
	if err := p.Close(); err != nil {
		return err
	}
	if err := os.Rename(p.Name(), path); err != nil {
		return err
	}
	os.Remove(p.etagFile())
	if runtime.GOOS == "windows" {
		return nil // where directories cannot be opened to sync them
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	return dir.Sync()
}
