package stylize_test

import (
	"testing"

	"github.com/impasto-go/impasto/nn/stylize"
)

// BenchmarkStylizeRGBA measures a game's frame with the tutorial's network.
func BenchmarkStylizeRGBA(b *testing.B) {
	model, err := stylize.New(weightsOf([3]int{8, 16, 32}, 5))
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []struct {
		name string
		w, h int
	}{{"256x256", 256, 256}, {"960x540", 960, 540}} {
		b.Run(size.name, func(b *testing.B) {
			session := model.NewSession()
			defer session.Close()
			pix := rgba(scene(size.w, size.h), 4*size.w)
			dst := make([]byte, len(pix))
			frame := func() {
				if err := session.StylizeRGBA(dst, pix, size.w, size.h, 4*size.w); err != nil {
					b.Fatal(err)
				}
			}
			frame() // the first one allocates
			b.ReportAllocs()
			for b.Loop() {
				frame()
			}
		})
	}
}
