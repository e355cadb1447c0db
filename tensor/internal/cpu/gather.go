package cpu

import (
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/tensor/internal/f32"
)

// padding says what a view shows outside the image.
type padding int

const (
	zeros    padding = iota
	mirrored         // reflected without repeating the edge
	edge             // the nearest pixel
)

// outsideOf returns the padding of a block.
func outsideOf(g backend.ConvBlock) padding {
	if g.Reflect {
		return mirrored
	}
	return zeros
}

// mirror maps index i of an axis of n elements, -n < i < 2n-1, to the element
// that reflection without repeating the edge puts there.
func mirror(i, n int) int {
	if i < 0 {
		return -i
	}
	if i >= n {
		return 2*(n-1) - i
	}
	return i
}

// view is how a convolution sees the images of a tensor: through the ReLU that
// follows them (for gradients), upsampled, padded, and with the columns dealt
// into as many parts as the convolution's stride, so that those a kernel tap
// needs lie side by side.
type view struct {
	x, mask      *buffer // mask may be nil
	up           int     // nearest upsampling factor
	top, left    int     // padding before the image; negative crops
	outside      padding
	split        int // the stride
	part, rowLen int // floats per part of a row, and per row
}

// newView returns a view whose rows have room for width padded columns.
func newView(x, mask *buffer, up, top, left int, outside padding, split, width int) view {
	part := (width+split-1)/split + 1
	return view{x, mask, up, top, left, outside, split, part, part * split}
}

// source returns the row of the upsampled image, of n rows, that padded row v
// shows, or -1 for zeros.
func (o padding) source(v, n int) int {
	if v >= 0 && v < n {
		return v
	}
	switch o {
	case mirrored:
		// Rows past what padding allows are gathered for alignment only.
		return min(max(mirror(v, n), 0), n-1)
	case edge:
		return min(max(v, 0), n-1)
	}
	return -1
}

// gather copies padded rows from to from+rows of image n into local as
// [channels][planeRows][rowLen].
func (v *view) gather(local []float32, planeRows, n, from, rows int, s *scratch) {
	c, h, w := v.x.shape[1], v.x.shape[2], v.x.shape[3]
	plane := planeRows * v.rowLen
	lanes := 1
	if v.x.blocked {
		lanes = f32.Lanes
	}
	// raw: the masked blocked row, then its channels one after the other.
	raw := s.floats(slotRaw, 2*lanes*w)
	line := s.floats(slotLine, v.rowLen)
	for cb := 0; cb < c; cb += lanes {
		for r := range rows {
			dst := local[cb*plane+r*v.rowLen:]
			y := v.outside.source(from+r-v.top, h*v.up)
			if y < 0 {
				for l := range lanes {
					clear(dst[l*plane:][:v.rowLen])
				}
				continue
			}
			at := ((n*c+cb)*h + y/v.up*lanes) * w
			src := v.x.data[at:][:lanes*w]
			if v.x.deferred != nil && v.up > 1 {
				v.x.deferred.apply(raw[:w], src, n*c+cb)
				src = raw[:w]
			}
			if v.mask != nil {
				f32.ReLUGrad(raw[:lanes*w], src, v.mask.data[at:][:lanes*w], false)
				src = raw[:lanes*w]
			}
			if v.x.blocked {
				f32.FromBlocked(raw[lanes*w:], w, src, w, lanes)
				src = raw[lanes*w:]
			}
			for l := range lanes {
				v.finish(dst[l*plane:][:v.rowLen], src[l*w:][:w], line, n*c+cb+l)
			}
		}
	}
}

// finish upsamples or normalizes, pads and splits one row of a plane.
func (v *view) finish(dst, src, line []float32, plane int) {
	normalizes := v.x.deferred != nil && v.up == 1
	if v.split == 1 {
		line = dst
	}
	w := len(src) * v.up
	start, skip := max(v.left, 0), max(-v.left, 0)
	n := max(min(w-skip, len(line)-start), 0)
	switch {
	case n == 0:
	case normalizes:
		v.x.deferred.apply(line[start:][:n], src[skip:][:n], plane)
	case v.up == 1:
		copy(line[start:][:n], src[skip:])
	case v.up == 2 && skip == 0 && n == w:
		f32.Interleave2(line[start:][:n], src, src)
	default:
		for i := range n {
			line[start+i] = src[(skip+i)/v.up]
		}
	}
	before, after := line[:start], line[start+n:]
	v.pad(before, src, -v.left)
	v.pad(after, src, start+n-v.left)
	if normalizes && v.outside != zeros {
		v.x.deferred.apply(before, before, plane)
		v.x.deferred.apply(after, after, plane)
	}
	if v.split == 1 {
		return
	}
	if v.split == 2 {
		f32.Deinterleave2(dst[:v.part], dst[v.part:], line)
		return
	}
	for r := range v.split {
		part := dst[r*v.part:][:v.part]
		for i := range part {
			part[i] = line[i*v.split+r]
		}
	}
}

// pad fills columns, the first of which is column at of the upsampled image.
func (v *view) pad(columns, src []float32, at int) {
	for i := range columns {
		x := v.outside.source(at+i, len(src)*v.up)
		if x < 0 {
			columns[i] = 0
		} else {
			columns[i] = src[x/v.up]
		}
	}
}
