package studio

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/impasto-go/impasto/examples/internal/movie"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/imageio"
)

// The bounds of what a page may send.
const (
	maxFields     = 32
	maxField      = 4 << 10
	maxClipBytes  = 512 << 20
	maxUploads    = 4 // at the same time
	uploadTime    = time.Minute
	clipTime      = 5 * time.Minute
	maxUploadBody = maxClipBytes + 2*maxPictureBytes
)

// form is what a page has sent: fields, pictures in memory, and a clip in a file.
type form struct {
	fields   map[string]string
	pictures map[string][]byte
	clip     string // path; the receiver's to remove
}

// close removes what nobody has taken.
func (f *form) close() {
	if f.clip != "" {
		os.Remove(f.clip)
	}
}

// errBad marks errors that are the page's.
type errBad struct{ error }

func (e errBad) Unwrap() error { return e.error }

func badf(format string, args ...any) error { return errBad{fmt.Errorf(format, args...)} }

// receive reads a multipart body, within the bounds: never more than a part at a time,
// pictures to memory and a clip, if the page may send one, to a file in scratch. A
// client that is too slow, or one of too many, is refused.
func (s *studio) receive(w http.ResponseWriter, r *http.Request, clips bool) (f *form, err error) {
	select {
	case s.uploads <- struct{}{}:
		defer func() { <-s.uploads }()
	default:
		return nil, errBusy
	}
	most, patience := int64(2*maxPictureBytes), uploadTime
	if clips {
		most, patience = maxUploadBody, clipTime
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience)); err != nil {
		return nil, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, badf("%w", err)
	}
	f = &form{fields: map[string]string{}, pictures: map[string][]byte{}}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	for n := 0; ; n++ {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return f, nil
		}
		switch {
		case err != nil:
			return f, badf("what came is not whole: %w", err)
		case n == maxFields:
			return f, badf("more than %d fields", maxFields)
		}
		switch name := part.FormName(); {
		case part.FileName() == "":
			b, err := atMost(part, maxField)
			if err != nil {
				return f, badf("field %s: %w", printable.Name(name), err)
			}
			f.fields[name] = string(b)
		case clips && name == "file" && movie.Is(part.FileName()):
			if f.clip != "" {
				return f, badf("there are two clips")
			}
			if f.clip, err = s.keepClip(part); err != nil {
				return f, err
			}
		case name == "file" || name == "mask":
			if f.pictures[name], err = atMost(part, maxPictureBytes); err != nil {
				return f, badf("%s: %w", name, err)
			}
		default:
			return f, badf("nothing is done with a file %s", printable.Name(name))
		}
	}
}

// atMost reads all of r, which may have so many bytes.
func atMost(r io.Reader, most int64) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("more than %d bytes", most)
	}
	return b, err
}

// keepClip writes a clip to a file whose name is ours but for the ending.
func (s *studio) keepClip(part interface {
	io.Reader
	FileName() string
}) (path string, err error) {
	file, err := os.CreateTemp(s.scratch, "clip-*"+strings.ToLower(filepath.Ext(part.FileName())))
	if err != nil {
		return "", err
	}
	n, err := io.Copy(file, io.LimitReader(part, maxClipBytes+1))
	if err == nil && n > maxClipBytes {
		err = badf("the clip has more than %d MB", maxClipBytes>>20)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return "", err
	}
	return file.Name(), nil
}

// number returns a field from low to high, or the value without it.
func (f *form) number(name string, without, low, high float64) (float64, error) {
	text := f.fields[name]
	if text == "" {
		return without, nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v >= low && v <= high) {
		return 0, badf("%s %s: want a number from %v to %v", name, printable.Name(text), low, high)
	}
	return v, nil
}

// source returns the picture that the page has sent, or the one it names.
func (s *studio) source(f *form) (*imageio.Image, error) {
	if b, ok := f.pictures["file"]; ok {
		m, err := imageio.DecodeBytes(b, pictureOptions())
		if err != nil {
			return nil, badf("%w", err)
		}
		return m, nil
	}
	it, err := s.lib.find(f.fields["picture"], kindPicture)
	if err != nil {
		return nil, errBad{err}
	}
	m, err := s.lib.picture(it.Path)
	if err != nil {
		return nil, badf("%s: %w", it.Path, err)
	}
	return m, nil
}

// sourceOr is source, or a drawn scene of a size if the page says nothing.
func (s *studio) sourceOr(f *form, w, h int) (*imageio.Image, error) {
	if len(f.pictures["file"]) == 0 && f.fields["picture"] == "" {
		return paint.Scene(7, w, h), nil
	}
	return s.source(f)
}
