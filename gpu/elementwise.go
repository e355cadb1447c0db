//go:build gl && cgo && linux

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// itemsPerGroup is how many elements a group of an element-wise shader handles.
const itemsPerGroup = 4 * groupSize

// each runs an element-wise shader on corresponding pieces of views of the same
// length. The number of elements is its first uniform, uniforms the others.
func (d *Device) each(shader, defines string, views []view, uniforms ...any) {
	for _, s := range d.cut(views[0].len, 1) {
		parts := make([]view, len(views))
		for i, v := range views {
			parts[i] = v.part(s.first, s.len)
		}
		d.run(shader, defines, groupsForItems(s.len), parts, append([]any{s.len}, uniforms...)...)
	}
}

func groupsForItems(n int) int { return (n + itemsPerGroup - 1) / itemsPerGroup }

// Fill sets every element of dst to v.
func (d *Device) Fill(dst backend.Buffer, v float32) {
	d.each("elementwise", "FILL", []view{whole(dst)}, v)
}

// Add sets dst = a + b. dst may be a or b.
func (d *Device) Add(dst, a, b backend.Buffer) {
	d.each("elementwise", "ADD", []view{whole(dst), whole(a), whole(b)})
}

// Axpy sets dst = alpha*x, or dst += alpha*x with add.
func (d *Device) Axpy(dst, x backend.Buffer, alpha float32, add bool) {
	d.each("elementwise", "AXPY", []view{whole(dst), whole(x)}, alpha, add)
}

// Mul sets dst = a*b, or dst += a*b with add.
func (d *Device) Mul(dst, a, b backend.Buffer, add bool) {
	d.each("elementwise", "MUL", []view{whole(dst), whole(a), whole(b)}, add)
}

// ReLU sets dst = max(x, 0). dst may be x.
func (d *Device) ReLU(dst, x backend.Buffer) {
	d.each("relu", "", []view{whole(dst), whole(x)})
}

// ReLUGrad passes dy where the output y is positive. dx may be dy.
func (d *Device) ReLUGrad(dx, dy, y backend.Buffer, add bool) {
	d.reluGrad(whole(dx), whole(dy), whole(y), add)
}

func (d *Device) reluGrad(dx, dy, y view, add bool) {
	d.each("relu", "GRAD", []view{dx, dy, y}, add)
}

// ChannelAffine sets dst = x*scale + shift with per-channel constants.
func (d *Device) ChannelAffine(dst, x, scale, shift backend.Buffer) {
	d.perChannel("channelaffine", "", dst, x, []view{whole(scale), whole(shift)})
}

// ChannelAffineGrad computes dx = dy*scale.
func (d *Device) ChannelAffineGrad(dx, dy, scale backend.Buffer, add bool) {
	d.perChannel("channelaffine", "GRAD", dx, dy, []view{whole(scale)}, add)
}

// perChannel runs an element-wise shader that also takes vectors of per-channel
// values, in slabs of whole planes.
func (d *Device) perChannel(shader, defines string, dst, x backend.Buffer, vectors []view, uniforms ...any) {
	s := x.Shape()
	area := s[2] * s[3]
	for _, p := range d.cut(s[0]*s[1], area) {
		views := append([]view{planes(dst, p.first, p.len), planes(x, p.first, p.len)}, vectors...)
		n := p.len * area
		d.run(shader, defines, groupsForItems(n), views, append([]any{n, area, p.first, s[1]}, uniforms...)...)
	}
}
