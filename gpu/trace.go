//go:build gl && cgo && (linux || windows)

package gpu

import (
	"time"

	"github.com/go-gl/gl/v4.3-core/gl"
)

// Trace has f look at every dispatch from now on, on the device's thread; nil ends
// that.
func (d *Device) Trace(f func(Dispatch)) {
	d.wait(func() { d.observe, d.dry, d.timed = f, false, false })
}

// Count is Trace without the work: from now on nothing is dispatched, tensors are
// undefined, and reads give zeros.
func (d *Device) Count(f func(Dispatch)) {
	d.wait(func() { d.observe, d.dry, d.timed = f, f != nil, false })
}

// Time is Trace with what the device takes for each dispatch, which is waited for: no
// two run at once.
func (d *Device) Time(f func(Dispatch)) {
	d.wait(func() { d.observe, d.dry, d.timed = f, false, f != nil })
}

// traced issues a job, and tells of it if there was a dispatch.
func (d *Device) traced(j *job) {
	before, begin := d.stats.Dispatches, time.Now()
	var host, device time.Duration
	issue := func() {
		d.issue(j)
		host = time.Since(begin)
	}
	if d.timed {
		device = elapsed(issue)
	} else {
		issue()
	}
	if d.stats.Dispatches == before {
		return
	}
	bytes := 0
	for _, v := range j.views[:j.bound] {
		bytes += v.len * floatSize
	}
	d.observe(Dispatch{Kernel: j.shader, FLOPs: j.flops, Bytes: bytes, Host: host, Device: device})
}

// elapsed is what the device takes for the commands of f.
func elapsed(f func()) time.Duration {
	var query uint32
	gl.GenQueries(1, &query)
	defer gl.DeleteQueries(1, &query)
	gl.BeginQuery(gl.TIME_ELAPSED, query)
	f()
	gl.EndQuery(gl.TIME_ELAPSED)
	var ns uint64
	gl.GetQueryObjectui64v(query, gl.QUERY_RESULT, &ns)
	return time.Duration(ns)
}
