package imageio

import (
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/internal/atomicfile"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// DefaultQuality is the JPEG quality of SaveOptions' zero value.
const DefaultQuality = 95

// SaveOptions control encoding.
type SaveOptions struct {
	// Quality is the JPEG quality, 1..100; 0 means DefaultQuality.
	Quality int
}

// Save writes m to the file path in the format that its extension names:
// .png, .jpg, .jpeg, .bmp, .tif or .tiff. Alpha is kept in PNG and TIFF and
// dropped in the others. The file appears whole or not at all: it is written beside its
// final place, synced and renamed, and an existing file stays as it was until
// then. Its errors are of type *Error.
func Save(path string, m *Image, opts SaveOptions) error {
	format, encode, err := encoder(path, opts)
	if err == nil {
		err = atomicfile.Write(path, func(w io.Writer) error { return encode(w, m) })
	}
	if err != nil {
		return &Error{Path: path, Format: format, Err: reason(err)}
	}
	return nil
}

// CanSave returns nil if Save knows the extension of path, else the error that
// Save would return: for a check before hours of work.
func CanSave(path string) error {
	if _, _, err := encoder(path, SaveOptions{}); err != nil {
		return &Error{Path: path, Err: err}
	}
	return nil
}

func encoder(path string, opts SaveOptions) (format string, encode func(io.Writer, *Image) error, err error) {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".png":
		return "png", func(w io.Writer, m *Image) error { return png.Encode(w, m.NRGBA()) }, nil
	case ".jpg", ".jpeg":
		quality := opts.Quality
		if quality == 0 {
			quality = DefaultQuality
		}
		if quality < 1 || quality > 100 {
			return "jpeg", nil, fmt.Errorf("quality %d is not in 1..100", quality)
		}
		return "jpeg", func(w io.Writer, m *Image) error {
			return jpeg.Encode(w, (*image.RGBA)(m.opaque().NRGBA()), &jpeg.Options{Quality: quality})
		}, nil
	case ".bmp":
		return "bmp", func(w io.Writer, m *Image) error { return bmp.Encode(w, m.opaque().NRGBA()) }, nil
	case ".tif", ".tiff":
		return "tiff", func(w io.Writer, m *Image) error {
			return tiff.Encode(w, m.NRGBA(), &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		}, nil
	case "":
		return "", nil, errors.New("the file name has no extension: use .png, .jpg, .bmp or .tiff")
	default:
		return "", nil, fmt.Errorf("cannot write %s files: use .png, .jpg, .bmp or .tiff", ext)
	}
}

// opaque returns m without its alpha; the pixels are shared.
func (m *Image) opaque() *Image { return &Image{W: m.W, H: m.H, Pix: m.Pix} }
