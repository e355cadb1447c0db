package dataset

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/impasto-go/impasto/nn/imageio"
)

// Fingerprint tells sets of pictures apart without decoding any: the first half of a
// SHA-256, in hex, of the order, names and sizes of the pictures. The names are
// those below the folder or archive, so that a set may move; of a Source that is not
// of this package they are what its Name returns.
func Fingerprint(s Source) string {
	if p, ok := s.(interface{ Fingerprint() string }); ok {
		return p.Fingerprint() // of the set that it was made of
	}
	h := sha256.New()
	fmt.Fprintf(h, "%d\n", s.Len())
	for i := range s.Len() {
		switch s := s.(type) {
		case *Files:
			fmt.Fprintf(h, "%q %d\n", s.paths[i], s.size(s.paths[i]))
		case Images:
			m := s[i]
			if m == nil {
				m = &imageio.Image{} // a bad picture, as for a Loader
			}
			fmt.Fprintf(h, "%d %d\n", m.W, m.H)
			h.Write(m.Pix)
		default:
			fmt.Fprintf(h, "%q\n", s.Name(i))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:sha256.Size/2])
}
