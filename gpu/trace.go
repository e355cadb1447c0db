//go:build gl && cgo && (linux || windows)

package gpu

import "time"

// Trace has f look at every dispatch from now on, on the device's thread; nil ends
// that.
func (d *Device) Trace(f func(Dispatch)) { d.wait(func() { d.observe, d.dry = f, false }) }

// Count is Trace without the work: from now on nothing is dispatched, tensors are
// undefined, and reads give zeros.
func (d *Device) Count(f func(Dispatch)) { d.wait(func() { d.observe, d.dry = f, f != nil }) }

// traced issues a job, and tells of it if there was a dispatch.
func (d *Device) traced(j *job) {
	before, begin := d.stats.Dispatches, time.Now()
	d.issue(j)
	host := time.Since(begin)
	if d.stats.Dispatches == before {
		return
	}
	bytes := 0
	for _, v := range j.views[:j.bound] {
		bytes += v.len * floatSize
	}
	d.observe(Dispatch{Kernel: j.shader, FLOPs: j.flops, Bytes: bytes, Host: host})
}
