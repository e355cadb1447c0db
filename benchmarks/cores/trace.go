package main

import (
	"errors"
	"runtime"
	"slices"
	"time"

	"github.com/impasto-go/impasto/tensor/backend"
)

// region is work of independent parts, after some that one core does alone.
type region struct {
	task   string
	before time.Duration
	parts  []time.Duration
}

// trace is what a piece of work does, on one core.
type trace struct {
	regions []region
	after   time.Duration // the last region
}

var errDiffers = errors.New("no two runs do the same regions")

// record does run rounds times and keeps the least time of everything.
func record(be backend.Tracer, run func(), rounds int) (*trace, error) {
	runtime.LockOSThread() // whose clock it is
	defer runtime.UnlockOSThread()
	run() // caches fill, and memory is there
	var t *trace
	for range rounds {
		next := &trace{}
		last := clock()
		be.Trace(clock, func(r backend.Region) {
			now := clock()
			parts := slices.Clone(r.Parts)
			next.regions = append(next.regions, region{r.Task, max(0, now-last-sum(parts)), parts})
			last = clock()
		})
		run()
		next.after = clock() - last
		be.Trace(nil, nil)
		if t == nil {
			t = next
		} else if !t.least(next) {
			return nil, errDiffers
		}
	}
	return t, nil
}

// least keeps the lesser of all times, and reports whether o did the same as t.
func (t *trace) least(o *trace) bool {
	if len(t.regions) != len(o.regions) {
		return false
	}
	for i := range t.regions {
		r, q := &t.regions[i], &o.regions[i]
		if r.task != q.task || len(r.parts) != len(q.parts) {
			return false
		}
		r.before = min(r.before, q.before)
		for k := range r.parts {
			r.parts[k] = min(r.parts[k], q.parts[k])
		}
	}
	t.after = min(t.after, o.after)
	return true
}

func (t *trace) parts() (n int) {
	for _, r := range t.regions {
		n += len(r.parts)
	}
	return n
}

// serial is what one core does alone.
func (t *trace) serial() time.Duration {
	s := t.after
	for _, r := range t.regions {
		s += r.before
	}
	return s
}

// on returns how long the work takes with cores, each of which takes the next part
// when it is done with one, as the backend's workers do.
func (t *trace) on(cores int, fork time.Duration) time.Duration {
	total := t.serial()
	for _, r := range t.regions {
		total += r.on(cores, fork)
	}
	return total
}

func (r *region) on(cores int, fork time.Duration) time.Duration {
	if cores == 1 || len(r.parts) == 1 {
		return sum(r.parts)
	}
	busy := make([]time.Duration, min(cores, len(r.parts)))
	for _, p := range r.parts {
		i := 0
		for k, b := range busy {
			if b < busy[i] {
				i = k
			}
		}
		busy[i] += p
	}
	return fork + slices.Max(busy)
}

func sum(all []time.Duration) (total time.Duration) {
	for _, d := range all {
		total += d
	}
	return total
}
