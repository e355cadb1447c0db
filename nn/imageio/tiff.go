package imageio

import "github.com/impasto-go/impasto/nn/imageio/internal/tiff"

func headTIFF(data []byte, keepAlpha bool) (header, error) {
	p, err := tiff.Read(data)
	if err != nil {
		return header{}, err
	}
	return header{p.W, p.H, perPixel(p.W, p.H, 0, keepAlpha && p.Alpha) + p.Memory()}, nil
}

func decodeTIFF(data []byte, d decoding) (*Image, error) {
	p, err := tiff.Read(data)
	if err != nil {
		return nil, err
	}
	m := &Image{}
	m.reset(p.W, p.H, d.keepAlpha && p.Alpha)
	err = p.Decode(d.check, func(x, y int, row []tiff.Pixel) {
		at := y*m.W + x
		for i := range row {
			s, o := &row[i], m.Pix[3*(at+i):][:3:3]
			switch p.Model() {
			case tiff.Gray:
				o[0], o[1], o[2] = s.C[0], s.C[0], s.C[0]
			case tiff.RGB:
				copy(o, s.C[:3])
			case tiff.CMYK:
				cmykToRGB(o, s.C[:])
			}
			if p.Associated() {
				o[0], o[1], o[2] = unmultiply(o[0], s.A), unmultiply(o[1], s.A), unmultiply(o[2], s.A)
			}
			if m.Alpha != nil {
				m.Alpha[at+i] = s.A
			}
		}
	})
	return m, err
}
