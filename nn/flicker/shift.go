package flicker

// edge is how far from the edges shifts are compared: nearer, the picture's mirrored
// surroundings differ, which shows in the result.
const edge = 24

// shifts measures what shifting changes, along rows and along columns. The parts of
// the picture that are styled have the same size and differ in where they begin.
func (g *gauge) shifts() error {
	w, h := g.whole(Shifts)
	still, err := g.style(g.picture.crop(0, 0, w, h))
	if err != nil {
		return err
	}
	for d := 1; d <= Shifts; d++ {
		for _, by := range [][2]int{{d, 0}, {0, d}} {
			moved, err := g.style(g.picture.crop(by[0], by[1], w, h))
			if err != nil {
				return err
			}
			g.report.Shift[d-1] += g.part / 2 * g.apart(still, moved, by[0], by[1])
		}
	}
	return nil
}

// apart returns the mean difference between two results, of which the second begins
// dx columns and dy rows later in the picture.
func (g *gauge) apart(still, moved *planes, dx, dy int) float64 {
	var sum float64
	n := 0
	for y := edge + dy; y < still.h-edge; y++ {
		for x := edge + dx; x < still.w-edge; x++ {
			diff := still.difference(x, y, moved, x-dx, y-dy)
			sum += diff
			n++
			g.warm(x, y, diff/2)
		}
	}
	return sum / float64(n)
}
