package nn

import "fmt"

// SizeMultiple is what the width and height of a TransformerNet's input must be
// divisible by: the encoder halves them twice, and the skip connections need the
// decoder to arrive at the same sizes.
const SizeMultiple = 4

// MinSize is the smallest width and height a TransformerNet accepts: two pixels
// at the innermost layers, as their reflection padding needs.
const MinSize = 8

// CheckSize returns an error if a TransformerNet cannot process images of the
// given width and height in pixels.
func CheckSize(width, height int) error {
	if width < MinSize || height < MinSize || width%SizeMultiple != 0 || height%SizeMultiple != 0 {
		return fmt.Errorf("the network needs a width and height that are multiples of %d and at least %d, not %dx%d",
			SizeMultiple, MinSize, width, height)
	}
	return nil
}

// FitSize returns the smallest size that a TransformerNet accepts and that holds
// n pixels, n >= 1.
func FitSize(n int) int {
	n = max(n, MinSize)
	return n + (SizeMultiple-n%SizeMultiple)%SizeMultiple
}

// Halo returns how many pixels beyond its edges a tile of an image needs so that
// the convolutions of a TransformerNet with resBlocks residual blocks see all they
// would see in the whole image: 14 for the encoder and the decoder and 8 for each
// block, rounded up to a multiple of SizeMultiple. It holds for tiles whose edges
// are multiples of SizeMultiple. The normalisations need the whole image's
// statistics besides.
func Halo(resBlocks int) int {
	return FitSize(14 + 8*max(resBlocks, 1))
}
