package vgg

// Size returns how many parameters the network has down to a layer that it has, and how
// many values its features take for each pixel of a picture, those of the pools between
// the blocks and of the views included.
func (v *VGG) Size(deepest Layer) (params int, perPixel float64) {
	in, area := 3, 1.0
	for i, c := range v.convs[:deepest.index()+1] {
		if c.layer.Conv == 1 && i > 0 {
			area *= 4
			perPixel += float64(in) / area
		}
		in = c.bias.Len()
		params += c.weight.Len() + in
		perPixel += float64(in) / area
		if view := v.views[c.layer]; view != nil {
			params += view.Len()
			perPixel += float64(in) / area
		}
	}
	return params, perPixel
}
