package reference

import "github.com/impasto-go/impasto/tensor/backend"

// plane is the range of the elements of one image channel.
type plane struct{ begin, end int }

// of returns the plane's elements of a tensor.
func (p plane) of(data []float64) []float64 { return data[p.begin:p.end] }

// eachPlane visits the planes of a tensor in memory order.
func eachPlane(s backend.Shape, f func(n, c int, p plane)) {
	for n := range s[0] {
		for c := range s[1] {
			i := at(s, n, c, 0, 0)
			f(n, c, plane{i, i + s[2]*s[3]})
		}
	}
}
