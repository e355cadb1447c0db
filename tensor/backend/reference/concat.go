package reference

import "github.com/impasto-go/impasto/tensor/backend"

// CopyChannels copies, or adds with add, channels of x to those of dst.
func (r *Backend) CopyChannels(dst, x backend.Buffer, to, from, count int, add bool) {
	const op = "CopyChannels"
	s, ds := x.Shape(), dst.Shape()
	if min(to, from) < 0 || count < 1 || from+count > s[1] || to+count > ds[1] {
		bug(op, "channels %d:%d of %v to %d:%d of %v", from, from+count, s, to, to+count, ds)
	}
	xv, d := r.source(op, x, s), r.dest(op, dst, backend.Shape{s[0], ds[1], s[2], s[3]}, true, x)
	eachPlane(s, func(n, c int, p plane) {
		if c < from || c >= from+count {
			return
		}
		first := at(ds, n, c-from+to, 0, 0)
		for i, v := range p.of(xv) {
			if add {
				v += d[first+i]
			}
			d[first+i] = v
		}
	})
}
