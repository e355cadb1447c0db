//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// warping is a use of the warp shader for images of shape x and a flow.
type warping struct {
	*Device
	x, flow backend.Shape
	field   backend.Buffer
	edge    string
}

func (d *Device) warping(x backend.Shape, flow backend.Buffer, border backend.Border) warping {
	w := warping{d, x, flow.Shape(), flow, ""}
	if border == backend.BorderEdge {
		w.edge = " EDGE"
	}
	return w
}

// places is the number of places in the flow of an image.
func (w warping) places() int { return w.flow[2] * w.flow[3] }

// run dispatches a variant for image n, whose flow comes second of its blocks.
func (w warping) run(defines string, groups, count, n, channels int, add bool, dst view, others ...view) {
	views := append([]view{dst, planes(w.field, 2*n, 2)}, others...)
	w.Device.run("warp", defines+w.edge, groups, views, count, w.x[2], w.x[3], w.flow[2], w.flow[3], add, channels)
}

// channels calls f with the image n and the planes of its channels that fit shaders
// at a time.
func (w warping) channels(f func(n int, p span)) {
	for n := range w.x[0] {
		for _, p := range w.cut(w.x[1], max(w.x[2]*w.x[3], w.places())) {
			f(n, span{n*w.x[1] + p.first, p.len})
		}
	}
}

// Warp samples x bilinearly where flow points.
func (d *Device) Warp(dst, x, flow backend.Buffer, border backend.Border) {
	w := d.warping(x.Shape(), flow, border)
	w.channels(func(n int, p span) {
		count := p.len * w.places()
		w.run("", groupsForItems(count), count, n, p.len, false, planes(dst, p.first, p.len), planes(x, p.first, p.len))
	})
}

// WarpGrad sums the gradients of all samples that a pixel has a part in, in one
// order: every row looks for its samples among the rows of the flow that reach it.
func (d *Device) WarpGrad(dx, dy, flow backend.Buffer, border backend.Border, add bool) {
	w := d.warping(dx.Shape(), flow, border)
	ranges := d.scratch(2 * w.flow[2])
	defer d.recycle(ranges.storage)
	w.channels(func(n int, p span) {
		w.run("RANGES", groupsFor(w.flow[2]), w.flow[2], n, p.len, false, ranges)
		rows := p.len * w.x[2]
		w.run("IMAGE", groupsFor(rows), rows, n, p.len, add, planes(dx, p.first, p.len), planes(dy, p.first, p.len), ranges)
	})
}

// WarpFlowGrad computes the gradient of the flow.
func (d *Device) WarpFlowGrad(dflow, dy, x, flow backend.Buffer, border backend.Border, add bool) {
	w := d.warping(x.Shape(), flow, border)
	w.channels(func(n int, p span) {
		more := add || p.first > n*w.x[1]
		w.run("FLOW", groupsForItems(w.places()), w.places(), n, p.len, more,
			planes(dflow, 2*n, 2), planes(x, p.first, p.len), planes(dy, p.first, p.len))
	})
}

// WarpMask sets dst to 1 where flow points into an image.
func (d *Device) WarpMask(dst, flow backend.Buffer, height, width int) {
	n := flow.Shape()[0]
	w := d.warping(backend.Shape{n, 1, height, width}, flow, backend.BorderZero)
	for i := range n {
		w.run("MASK", groupsForItems(w.places()), w.places(), i, 1, false, planes(dst, i, 1))
	}
}
