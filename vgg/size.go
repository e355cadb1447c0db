package vgg

// Size returns how many parameters VGG-19 down to layer l has, and how many values its
// features take for each pixel of a picture, those of the pools between the blocks
// included.
func (l Layer) Size() (params int, perPixel float64) {
	in, area := 3, 1.0
	for b, n := range blockConvs {
		out := blockWidth[b]
		for c := range n {
			params += out*in*9 + out
			perPixel += float64(out) / area
			in = out
			if (Layer{b + 1, c + 1}) == l {
				return params, perPixel
			}
		}
		area *= 4
		perPixel += float64(out) / area
	}
	return params, perPixel
}
