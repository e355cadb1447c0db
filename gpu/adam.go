//go:build gl && cgo && (linux || windows)

package gpu

import "github.com/impasto-go/impasto/tensor/backend"

// Adam updates the parameter w and its moments m and v in place, unless there is a
// guard that is not finite.
func (d *Device) Adam(w, m, v, g, guard backend.Buffer, p backend.AdamParams) {
	defines := ""
	if guard != nil {
		defines = "GUARDED"
	}
	if p.MaxNorm > 0 {
		defines += " CLIPPED"
	}
	for _, s := range d.cut(w.Shape().Len(), 1) {
		var views []view
		for _, b := range []backend.Buffer{w, m, v, g} {
			views = append(views, whole(b).part(s.first, s.len))
		}
		if guard != nil {
			views = append(views, whole(guard))
		}
		if p.MaxNorm > 0 {
			views = append(views, whole(p.Squares))
		}
		d.run("adam", defines, groupsForItems(s.len), views,
			s.len, float32(p.Beta1), float32(p.Beta2), float32(1-p.Beta1), float32(1-p.Beta2), p.Eps, p.StepSize, p.InvSqrtCorrection2, p.Decay, p.MaxNorm)
	}
}
