package cpu

import (
	"math"

	"github.com/impasto-go/impasto/tensor/backend"
)

// sampler finds the pixels that a flow points to. All its tensors are planar.
type sampler struct {
	flow       []float32
	channels   int
	h, w       int // of the images
	outH, outW int // of the flow
	edge       bool
}

// sampler returns that of images of shape x and flow.
func (b *Backend) sampler(x backend.Shape, flow backend.Buffer, border backend.Border) sampler {
	s := flow.Shape()
	return sampler{b.planar(flow), x[1], x[2], x[3], s[2], s[3], border == backend.BorderEdge}
}

// sample is a place between four pixels: their positions in a plane, whether they
// are inside it (1 or 0), how far the place is from the first, and whether it moves
// with the flow (1 or 0) or is held back at an edge.
type sample struct {
	at             [4]int
	inside         [4]float32
	fx, fy, mx, my float32
}

// weights returns the share of each pixel.
func (s *sample) weights() [4]float32 {
	gx, gy := 1-s.fx, 1-s.fy
	return [4]float32{gy * gx * s.inside[0], gy * s.fx * s.inside[1], s.fy * gx * s.inside[2], s.fy * s.fx * s.inside[3]}
}

// place returns where the flow of image n points from column j of row i.
func (t *sampler) place(n, i, j int) (px, py float32) {
	area := t.outH * t.outW
	p := 2*n*area + i*t.outW + j
	return float32(j) + t.flow[p], float32(i) + t.flow[p+area]
}

// locate returns the sample at column px and row py.
func (t *sampler) locate(px, py float32) (s sample) {
	s.mx, s.my = 1, 1
	if t.edge {
		px, s.mx = hold(px, t.w-1)
		py, s.my = hold(py, t.h-1)
	} else if !(px >= -1 && px < float32(t.w) && py >= -1 && py < float32(t.h)) {
		return sample{}
	}
	floorX, floorY := math.Floor(float64(px)), math.Floor(float64(py))
	s.fx, s.fy = px-float32(floorX), py-float32(floorY)
	x, y := int(floorX), int(floorY)
	for k := range s.at {
		cx, cy := x+k%2, y+k/2
		if cx >= 0 && cx < t.w && cy >= 0 && cy < t.h {
			s.at[k], s.inside[k] = cy*t.w+cx, 1
		}
	}
	return s
}

// hold brings p to 0..last; moves is 1 if it was between.
func hold(p float32, last int) (held, moves float32) {
	switch {
	case !(p > 0):
		return 0, 0
	case p >= float32(last):
		return float32(last), 0
	}
	return p, 1
}

// warpTask computes a row of the result for all channels per part.
type warpTask struct {
	sampler
	dst, x []float32
}

func (t *warpTask) do(part, _ int) {
	n, i := part/t.outH, part%t.outH
	for j := range t.outW {
		s := t.locate(t.place(n, i, j))
		k := s.weights()
		for c := n * t.channels; c < (n+1)*t.channels; c++ {
			x := t.x[c*t.h*t.w:][:t.h*t.w]
			t.dst[(c*t.outH+i)*t.outW+j] = k[0]*x[s.at[0]] + k[1]*x[s.at[1]] + k[2]*x[s.at[2]] + k[3]*x[s.at[3]]
		}
	}
}

// Warp samples x where flow points.
func (b *Backend) Warp(dst, x, flow backend.Buffer, border backend.Border) {
	t := own[warpTask](b)
	*t = warpTask{b.sampler(x.Shape(), flow, border), b.planarTarget(dst, false), b.planar(x)}
	b.run(x.Shape()[0]*t.outH, t)
}

// warpGradTask adds up the gradient of a plane of the images per part, in the order
// of the samples.
type warpGradTask struct {
	sampler
	dx, dy []float32
	add    bool
}

func (t *warpGradTask) do(c, _ int) {
	dx := t.dx[c*t.h*t.w:][:t.h*t.w]
	if !t.add {
		clear(dx)
	}
	for i := range t.outH {
		for j := range t.outW {
			s := t.locate(t.place(c/t.channels, i, j))
			dy := t.dy[(c*t.outH+i)*t.outW+j]
			for p, k := range s.weights() {
				dx[s.at[p]] += k * dy
			}
		}
	}
}

// WarpGrad sums the gradients of all samples that a pixel has a part in.
func (b *Backend) WarpGrad(dx, dy, flow backend.Buffer, border backend.Border, add bool) {
	s := dx.Shape()
	t := own[warpGradTask](b)
	*t = warpGradTask{b.sampler(s, flow, border), b.planarTarget(dx, add), b.planar(dy), add}
	b.run(s[0]*s[1], t)
}

// warpFlowGradTask computes a row of the gradient of the flow per part.
type warpFlowGradTask struct {
	sampler
	dflow, dy, x []float32
	add          bool
}

func (t *warpFlowGradTask) do(part, _ int) {
	n, i := part/t.outH, part%t.outH
	area := t.outH * t.outW
	for j := range t.outW {
		s := t.locate(t.place(n, i, j))
		var du, dv float32
		for c := n * t.channels; c < (n+1)*t.channels; c++ {
			x := t.x[c*t.h*t.w:][:t.h*t.w]
			dy := t.dy[(c*t.outH+i)*t.outW+j]
			var v [4]float32
			for p := range v {
				v[p] = s.inside[p] * x[s.at[p]]
			}
			du += dy * ((1-s.fy)*(v[1]-v[0]) + s.fy*(v[3]-v[2]))
			dv += dy * ((1-s.fx)*(v[2]-v[0]) + s.fx*(v[3]-v[1]))
		}
		at := 2*n*area + i*t.outW + j
		if !t.add {
			t.dflow[at], t.dflow[at+area] = 0, 0
		}
		t.dflow[at] += s.mx * du
		t.dflow[at+area] += s.my * dv
	}
}

// WarpFlowGrad computes the gradient of the flow.
func (b *Backend) WarpFlowGrad(dflow, dy, x, flow backend.Buffer, border backend.Border, add bool) {
	t := own[warpFlowGradTask](b)
	*t = warpFlowGradTask{b.sampler(x.Shape(), flow, border), b.planarTarget(dflow, add), b.planar(dy), b.planar(x), add}
	b.run(x.Shape()[0]*t.outH, t)
}

// warpMaskTask computes a row of the mask per part.
type warpMaskTask struct {
	sampler
	dst []float32
}

func (t *warpMaskTask) do(part, _ int) {
	n, i := part/t.outH, part%t.outH
	for j := range t.outW {
		px, py := t.place(n, i, j)
		var m float32
		if px >= 0 && px <= float32(t.w-1) && py >= 0 && py <= float32(t.h-1) {
			m = 1
		}
		t.dst[part*t.outW+j] = m
	}
}

// WarpMask sets dst to 1 where flow points into an image.
func (b *Backend) WarpMask(dst, flow backend.Buffer, height, width int) {
	n := flow.Shape()[0]
	t := own[warpMaskTask](b)
	*t = warpMaskTask{b.sampler(backend.Shape{n, 1, height, width}, flow, backend.BorderZero), b.planarTarget(dst, false)}
	b.run(n*t.outH, t)
}
