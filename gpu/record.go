//go:build gl && cgo && (linux || windows)

package gpu

import "errors"

// Recording is a list of dispatches that can be done again and again, in pieces, such
// as those of a network over several frames of a game. The memory between its
// dispatches is its own.
type Recording struct {
	d    *Device
	jobs []*job
	own  []*storage
}

// Record calls f and records the dispatches of its operations instead of doing them.
// What frozen weights are packed to is packed at once. f must not read or write data,
// nor use textures. Tensors that f frees may be reused by its later operations, and
// belong to the recording; tensors that were there before, and those that f leaves,
// must stay.
func (d *Device) Record(f func()) (*Recording, error) {
	r := &Recording{d: d}
	err := ErrClosed
	d.wait(func() {
		if d.recording != nil {
			err = errors.New("gpu: a recording within a recording")
			return
		}
		d.settleAll()
		d.recording = r
		defer func() { d.recording = nil }()
		f()
		d.settleAll() // in every run, and not once
		d.forgetMoments()
		r.keep()
		err = d.err
	})
	if err != nil {
		r.Free()
		return nil, err
	}
	return r, nil
}

// keep takes the memory of the recorded dispatches out of the pool.
func (r *Recording) keep() {
	touched := map[*storage]bool{}
	for _, j := range r.jobs {
		for _, v := range j.views[:j.bound] {
			touched[v.storage] = true
		}
	}
	for size, list := range r.d.pool.free {
		var others []*storage
		for _, s := range list {
			if touched[s] {
				r.own = append(r.own, s)
			} else {
				others = append(others, s)
			}
		}
		r.d.pool.free[size] = others
	}
}

// Len returns the number of dispatches.
func (r *Recording) Len() int { return len(r.jobs) }

// Groups returns the number of work groups of dispatch i.
func (r *Recording) Groups(i int) int { return r.jobs[i].groups }

// Run does n work groups of dispatch i, from first on. To get the result of the
// recorded operations, do all groups of all dispatches, in order. Nothing waits.
func (r *Recording) Run(i, first, n int) {
	j := jobs.Get().(*job)
	*j = *r.jobs[i]
	j.flops *= float64(n) / float64(max(j.groups, 1))
	j.first, j.groups = first, n
	r.d.send(task{job: j})
}

// Free gives the recording's memory back to the device.
func (r *Recording) Free() {
	for _, s := range r.own {
		r.d.recycle(s)
	}
	r.jobs, r.own = nil, nil
}
