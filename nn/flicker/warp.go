package flicker

// warps measures the warping error of each of the moves, and that of the frames
// themselves.
func (g *gauge) warps() error {
	w, h := g.whole(2 * reach)
	for _, m := range moves {
		f := &film{move: m, picture: g.picture, w: w, h: h}
		var last, lastStyled *planes
		for t := range frames {
			frame := f.frame(float64(t))
			styled, err := g.style(frame)
			if err != nil {
				return err
			}
			if t > 0 {
				part := g.part / (frames - 1)
				g.report.Warp[m.name] += part * f.error(t, lastStyled, styled)
				g.report.WarpInput[m.name] += part * f.error(t, last, frame)
			}
			last, lastStyled = frame, styled
		}
	}
	return nil
}

// error returns the mean absolute difference between next, of frame t, and last, of
// the frame before, carried to where its points are now.
func (f *film) error(t int, last, next *planes) float64 {
	return WarpingError(last.data, next.data, f.h, f.w, func(x, y int) (float64, float64, bool) {
		return f.before(float64(t), x, y)
	})
}

// WarpingError compares two pictures in planes {3, height, width}: next, and last
// carried along the motion. before says where the point that is at column x and row
// y in next was in last, and whether it could be seen there; it is sampled
// bilinearly. The result is the mean absolute difference over all that could be
// seen, in the pictures' levels; 0 if nothing could.
func WarpingError(last, next []float32, height, width int, before func(x, y int) (u, v float64, seen bool)) float64 {
	from, to := &planes{width, height, last}, &planes{width, height, next}
	var sum float64
	n := 0
	for y := range height {
		for x := range width {
			u, v, seen := before(x, y)
			if !seen {
				continue
			}
			for c, old := range from.at(u, v) {
				d := float64(to.data[(c*height+y)*width+x]) - old
				sum += max(d, -d)
			}
			n += 3
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}
