package imageio

import (
	"fmt"
	"image"
	"math"
)

// Filter is a resampling filter. Both widen with the scale when they shrink a
// picture, so that nothing aliases.
type Filter int

const (
	// Bilinear is the triangle filter, which torchvision's Resize uses.
	Bilinear Filter = iota
	// Lanczos is the sinc filter with three lobes: Pillow's LANCZOS, once
	// called ANTIALIAS.
	Lanczos
)

// support is the filter's half width at scale 1.
func (f Filter) support() float64 {
	if f == Lanczos {
		return 3
	}
	return 1
}

func (f Filter) at(x float64) float64 {
	if f == Lanczos {
		if x >= -3 && x < 3 {
			return sinc(x) * sinc(x/3)
		}
		return 0
	}
	return max(0, 1-math.Abs(x))
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// Resize returns src resized to w x h, equal to Pillow's result for an RGB
// image in every bit. (Alpha is resized as a gray picture of its own.) It
// panics with a *SizeError if a side is less than 1.
func Resize(src *Image, w, h int, f Filter) *Image {
	dst := &Image{}
	new(Resizer).Resize(dst, src, w, h, f)
	return dst
}

// ResizeShorter returns src resized with the bilinear filter so that its
// shorter side has size pixels and the longer int(size*long/short), like
// torchvision's Resize(size).
func ResizeShorter(src *Image, size int) *Image {
	w, h := shorterSize(src, size)
	return Resize(src, w, h, Bilinear)
}

func shorterSize(src *Image, size int) (w, h int) {
	if size < 1 || src.W < 1 || src.H < 1 {
		panic(&SizeError{Op: "resize shorter side", W: size, H: size})
	}
	if src.W <= src.H {
		return size, size * src.H / src.W
	}
	return size * src.W / src.H, size
}

// Scale returns src with its sides divided by scale and truncated, resized
// with the Lanczos filter: the tutorial's content_scale. At scale 1 it returns
// src itself. It fails if nothing would be left or if the result would have
// more than DefaultMaxPixels pixels.
func Scale(src *Image, scale float64) (*Image, error) {
	w, h := float64(src.W)/scale, float64(src.H)/scale
	if !(scale > 0) || w < 1 || h < 1 {
		return nil, fmt.Errorf("imageio: scale %v leaves nothing of a %dx%d picture", scale, src.W, src.H)
	}
	if w*h > DefaultMaxPixels {
		return nil, fmt.Errorf("imageio: scale %v of a %dx%d picture: %w", scale, src.W, src.H, ErrTooLarge)
	}
	if int(w) == src.W && int(h) == src.H {
		return src, nil
	}
	return Resize(src, int(w), int(h), Lanczos), nil
}

// CenterCrop returns the middle w x h pixels of src. As in torchvision, offsets
// that end in a half are rounded to even, and a picture that is too small is
// padded with black (and transparent) pixels first.
func CenterCrop(src *Image, w, h int) *Image {
	dst := &Image{}
	dst.reset(w, h, src.Alpha != nil)
	clear(dst.Pix)
	clear(dst.Alpha)
	from := image.Rect(0, 0, src.W, src.H)
	offset := image.Pt(cropOffset(src.W, w), cropOffset(src.H, h))
	r := image.Rect(0, 0, w, h).Add(offset).Intersect(from)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		i, j := (y-offset.Y)*w+r.Min.X-offset.X, y*src.W+r.Min.X
		copy(dst.Pix[3*i:3*(i+r.Dx())], src.Pix[3*j:])
		if src.Alpha != nil {
			copy(dst.Alpha[i:i+r.Dx()], src.Alpha[j:])
		}
	}
	return dst
}

// cropOffset is where a window of size cut starts in a side of size full; it
// is negative where the side has to be padded.
func cropOffset(full, cut int) int {
	if cut > full {
		return -((cut - full) / 2)
	}
	return int(math.RoundToEven(float64(full-cut) / 2))
}

// Resizer resizes with memory that it keeps from call to call. It must not be
// used by several goroutines at once. The zero value is ready.
type Resizer struct {
	cols, rows axis
	tmp        []uint8
	sum        []int32
}

// Resize makes dst the picture src resized to w x h, reusing dst's memory.
// See the function Resize.
func (r *Resizer) Resize(dst, src *Image, w, h int, f Filter) {
	r.window(dst, src, w, h, image.Rect(0, 0, w, h), f)
}

// Square makes dst what torchvision's Resize(size) and CenterCrop(size) make of
// src: its shorter side resized to size pixels, its middle size x size pixels
// cut out. Pixels that would be cut off are not computed.
func (r *Resizer) Square(dst, src *Image, size int) {
	w, h := shorterSize(src, size)
	x, y := cropOffset(w, size), cropOffset(h, size)
	r.window(dst, src, w, h, image.Rect(x, y, x+size, y+size), Bilinear)
}

// window resizes src to w x h but computes only the pixels in win.
func (r *Resizer) window(dst, src *Image, w, h int, win image.Rectangle, f Filter) {
	if src.W < 1 || src.H < 1 || w < 1 || h < 1 {
		panic(&SizeError{Op: "resize", W: w, H: h})
	}
	dst.reset(win.Dx(), win.Dy(), src.Alpha != nil)
	r.cols.set(src.W, w, win.Min.X, win.Max.X, f)
	r.rows.set(src.H, h, win.Min.Y, win.Max.Y, f)
	r.plane(dst.Pix, src.Pix, 3)
	if src.Alpha != nil {
		r.plane(dst.Alpha, src.Alpha, 1)
	}
}

// plane resamples a picture of ch interleaved channels: rows first, into
// bytes, then columns; Pillow's order and precision (Resample.c).
func (r *Resizer) plane(dst, src []uint8, ch int) {
	first, last := r.rows.span()
	in, out := r.cols.in*ch, len(r.cols.lo)*ch
	r.tmp = grow(r.tmp, (last-first)*out)
	for y := first; y < last; y++ {
		d, s := r.tmp[(y-first)*out:(y-first+1)*out], src[y*in:(y+1)*in]
		switch {
		case r.cols.identity:
			copy(d, s[int(r.cols.lo[0])*ch:])
		case ch == 3:
			r.cols.rgbRow(d, s)
		default:
			r.cols.grayRow(d, s)
		}
	}
	r.sum = grow(r.sum, out)
	for y := range r.rows.lo {
		k, at := r.rows.taps(y), int(r.rows.lo[y])-first
		d := dst[y*out : (y+1)*out]
		if r.rows.identity {
			copy(d, r.tmp[at*out:])
			continue
		}
		weighRows(d, r.tmp[at*out:], k, r.sum)
	}
}

// weightBits is the number of fraction bits of the integer weights: a 32-bit
// sum less 8 bits of sample and 2 of headroom.
const weightBits = 32 - 8 - 2

// axis holds the weights that make the outputs of one direction.
type axis struct {
	in       int     // input size
	identity bool    // sizes are equal: outputs are inputs
	lo       []int32 // first input of each output
	start    []int32 // k[start[i]:start[i+1]] are the weights of output i
	k        []int32
	f        []float64
}

// set computes the weights for outputs from..to-1 of out, Pillow's
// precompute_coeffs and normalize_coeffs_8bpc. The conversions to float64
// forbid fused multiply-adds, which would round differently.
func (a *axis) set(in, out, from, to int, f Filter) {
	a.in, a.identity = in, in == out
	a.lo, a.start, a.k = a.lo[:0], append(a.start[:0], 0), a.k[:0]
	scale := float64(in) / float64(out)
	filterScale := max(scale, 1)
	support := f.support() * filterScale
	for i := from; i < to; i++ {
		if a.identity {
			a.lo, a.k = append(a.lo, int32(i)), append(a.k, 1<<weightBits)
			a.start = append(a.start, int32(len(a.k)))
			continue
		}
		center := float64((float64(i) + 0.5) * scale)
		lo := max(0, int(center-support+0.5))
		hi := min(in, int(center+support+0.5))
		sum := 0.0
		a.f = a.f[:0]
		for x := lo; x < hi; x++ {
			w := f.at((float64(x) - center + 0.5) * (1 / filterScale))
			a.f = append(a.f, w)
			sum += w
		}
		for _, w := range a.f {
			if sum != 0 {
				w /= sum
			}
			a.k = append(a.k, int32(math.Copysign(0.5, w)+float64(w*(1<<weightBits))))
		}
		a.lo, a.start = append(a.lo, int32(lo)), append(a.start, int32(len(a.k)))
	}
}

func (a *axis) taps(i int) []int32 { return a.k[a.start[i]:a.start[i+1]] }

// span returns the range of inputs that any output needs.
func (a *axis) span() (first, last int) {
	n := len(a.lo) - 1
	return int(a.lo[0]), int(a.lo[n]) + len(a.taps(n))
}

func (a *axis) rgbRow(d, s []uint8) {
	for i, lo := range a.lo {
		k := a.taps(i)
		p := s[3*lo:][:3*len(k)]
		r, g, b := int32(1)<<(weightBits-1), int32(1)<<(weightBits-1), int32(1)<<(weightBits-1)
		for _, w := range k {
			if len(p) < 3 {
				break
			}
			r += int32(p[0]) * w
			g += int32(p[1]) * w
			b += int32(p[2]) * w
			p = p[3:]
		}
		o := d[3*i : 3*i+3 : 3*i+3]
		o[0], o[1], o[2] = clamp8(r>>weightBits), clamp8(g>>weightBits), clamp8(b>>weightBits)
	}
}

func (a *axis) grayRow(d, s []uint8) {
	for i, lo := range a.lo {
		v := int32(1) << (weightBits - 1)
		for j, w := range a.taps(i) {
			v += int32(s[int(lo)+j]) * w
		}
		d[i] = clamp8(v >> weightBits)
	}
}

// weighRows sets d to the sum of len(k) consecutive rows of s, each of len(d)
// bytes, weighed by k. It takes up to four rows at a time through sum.
func weighRows(d, s []uint8, k, sum []int32) {
	n := len(d)
	sum = sum[:n]
	for i := range sum {
		sum[i] = 1 << (weightBits - 1)
	}
	for ; len(k) >= 4; k, s = k[4:], s[4*n:] {
		a, b, c, e := s[:n], s[n:2*n], s[2*n:3*n], s[3*n:4*n]
		b, c, e = b[:len(a)], c[:len(a)], e[:len(a)]
		acc := sum[:len(a)]
		k0, k1, k2, k3 := k[0], k[1], k[2], k[3]
		for x := range a {
			acc[x] += int32(a[x])*k0 + int32(b[x])*k1 + int32(c[x])*k2 + int32(e[x])*k3
		}
	}
	for ; len(k) > 0; k, s = k[1:], s[min(n, len(s)):] {
		a, w := s[:n], k[0]
		acc := sum[:len(a)]
		for x := range a {
			acc[x] += int32(a[x]) * w
		}
	}
	for x, v := range sum {
		d[x] = clamp8(v >> weightBits)
	}
}
