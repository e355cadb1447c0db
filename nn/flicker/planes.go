package flicker

import (
	"math"

	"github.com/impasto-go/impasto/nn/imageio"
)

// planes is a picture as red, green and blue planes of w x h values 0..255.
type planes struct {
	w, h int
	data []float32
}

func floats(m *imageio.Image) *planes {
	p := &planes{m.W, m.H, make([]float32, 3*m.W*m.H)}
	imageio.ToFloats(p.data, m)
	return p
}

// crop returns the w x h pixels at column x and row y.
func (p *planes) crop(x, y, w, h int) *planes {
	q := &planes{w, h, make([]float32, 3*w*h)}
	for c := range 3 {
		for i := range h {
			copy(q.data[(c*h+i)*w:][:w], p.data[(c*p.h+y+i)*p.w+x:])
		}
	}
	return q
}

// at returns the color at column x and row y between pixels' centers, bilinearly,
// with the edges held.
func (p *planes) at(x, y float64) (rgb [3]float64) {
	x, y = min(max(x, 0), float64(p.w-1)), min(max(y, 0), float64(p.h-1))
	x0, y0 := int(x), int(y)
	x1, y1 := min(x0+1, p.w-1), min(y0+1, p.h-1)
	fx, fy := x-float64(x0), y-float64(y0)
	for c := range rgb {
		plane := p.data[c*p.w*p.h:]
		top := float64(plane[y0*p.w+x0])*(1-fx) + float64(plane[y0*p.w+x1])*fx
		bottom := float64(plane[y1*p.w+x0])*(1-fx) + float64(plane[y1*p.w+x1])*fx
		rgb[c] = top*(1-fy) + bottom*fy
	}
	return rgb
}

// difference returns the mean absolute difference of two pixels' colors.
func (p *planes) difference(x, y int, q *planes, u, v int) (levels float64) {
	for c := range 3 {
		levels += math.Abs(float64(p.data[(c*p.h+y)*p.w+x]) - float64(q.data[(c*q.h+v)*q.w+u]))
	}
	return levels / 3
}

// detail returns the mean absolute Laplacian: 4 times a value less its neighbors.
func (p *planes) detail() float64 {
	var sum float64
	for c := range 3 {
		plane := p.data[c*p.w*p.h:][:p.w*p.h]
		for y := 1; y < p.h-1; y++ {
			for x := 1; x < p.w-1; x++ {
				i := y*p.w + x
				sum += math.Abs(4*float64(plane[i]) - float64(plane[i-1]) - float64(plane[i+1]) - float64(plane[i-p.w]) - float64(plane[i+p.w]))
			}
		}
	}
	return sum / float64(3*(p.w-2)*(p.h-2))
}
