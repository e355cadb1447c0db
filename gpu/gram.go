//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// pointwise is a 1x1 convolution: a matrix product over channels.
var pointwise = backend.ConvBlock{Conv: backend.Conv{Stride: 1}, Upsample: 1}

// Gram sets dst {N, 1, C, C} to F*Fᵀ/(C*H*W). It is the weight gradient of a
// pointwise convolution with F as both input and output gradient.
func (d *Device) Gram(dst, x backend.Buffer) {
	s := x.Shape()
	scale := 1 / float32(s[1]*s[2]*s[3])
	for n := range s[0] {
		d.gradWeightImages(planes(dst, n, 1), span{n, 1}, x, x, 1, 1, pointwise, scale, false)
	}
}

// GramGrad computes dx = (dg + dgᵀ)*F/(C*H*W), a pointwise convolution of F.
func (d *Device) GramGrad(dx, dg, x backend.Buffer, add bool) { d.gramGrad(dx, dg, x, nil, add) }

// GramGradGated is GramGrad and then ReLUGrad.
func (d *Device) GramGradGated(dx, dg, x backend.Buffer, add bool) { d.gramGrad(dx, dg, x, x, add) }

func (d *Device) gramGrad(dx, dg, x, gate backend.Buffer, add bool) {
	s := x.Shape()
	for n := range s[0] {
		d.conv(convolution{
			dst: dx, x: x,
			batch: span{n, 1},
			kernel: kernel{
				view: planes(dg, n, 1), rows: 1, columns: 1,
				outputStep: s[1], inputStep: 1, scale: 1 / float32(s[1]*s[2]*s[3]), symmetric: true,
			},
			stride: 1, upsample: 1,
			height: s[2], width: s[3], step: 1,
			add: add, gate: gate,
		})
	}
}
