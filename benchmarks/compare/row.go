package main

import (
	"math"
	"strings"
)

// kind is how a row sums up its cases.
type kind int

const (
	average kind = iota // geometric mean of the times; of one case, its time
	worst               // the case where we gain least
	memory              // peak resident memory instead of times
)

// row is a line of the table that a group fills.
type row struct {
	work  string
	cases string // suffix of the names of its cases; "" for all
	kind  kind
	peer  string // "torch" or "ort"; its tuned form is called "torch-tuned"
}

func (r row) uses(name string) bool { return r.kind != memory && strings.HasSuffix(name, r.cases) }

// line is a filled row.
type line struct {
	work              string
	ours, peer, tuned stat // of both peers, absent if not ok
	unit              string
	rate              float64 // effective, in rateUnit; 0 if there is none
	rateUnit          string
	share             float64 // of the probed peak, or of the copy's rate; 0 if there is none
	disturbed         bool
}

// gain is how many times faster or smaller we are than the better of the peer's
// two forms.
func (l line) gain() float64 {
	best := math.Inf(1)
	for _, s := range []stat{l.peer, l.tuned} {
		if s.ok() {
			best = min(best, s.median)
		}
	}
	return best / l.ours.median
}

// fill makes the line of a row, if there is anything to show.
func (r row) fill(m result) (line, bool) {
	l := line{work: r.work, unit: "ms", disturbed: m.speedup.disturbed()}
	if r.kind == memory {
		l.unit = "MiB"
		of := func(name string) stat { return stat{m.rss[name], m.rss[name]} }
		l.ours, l.peer, l.tuned = of(ours), of(r.peer), of(r.peer+tuned)
		return l, l.ours.ok()
	}
	var names []string
	for _, name := range m.about[ours].Cases {
		if r.uses(name) && len(m.ms[ours][name]) > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return l, false
	}
	if r.kind == worst {
		least := math.Inf(1)
		var found line
		for _, name := range names {
			one := r.over(m, l, []string{name})
			if g := one.gain(); g < least {
				least, found = g, one
				found.work += " (" + name + ")"
			}
		}
		return found, !math.IsInf(least, 1)
	}
	return r.over(m, l, names), true
}

// over fills in the geometric means over cases.
func (r row) over(m result, l line, names []string) line {
	a := m.about[ours]
	times := func(contender string) stat {
		var medians, leasts mean
		for _, name := range names {
			s := statOf(m.ms[contender][name])
			if !s.ok() {
				return stat{}
			}
			medians.add(s.median, max(a.Count[name], 1))
			leasts.add(s.least, max(a.Count[name], 1))
		}
		return stat{medians.value(), leasts.value()}
	}
	l.ours, l.peer, l.tuned = times(ours), times(r.peer), times(r.peer+tuned)

	var gflop, mb mean
	for _, name := range names {
		gflop.add(a.GFLOP[name], max(a.Count[name], 1))
		mb.add(a.MB[name], max(a.Count[name], 1))
	}
	if v := gflop.value(); v > 0 {
		l.rate, l.rateUnit = v/l.ours.median*1e3, "GFLOP/s"
		if a.PeakGFLOPS > 0 {
			l.share = l.rate / a.PeakGFLOPS
		}
	} else if v := mb.value(); v > 0 {
		l.rate, l.rateUnit = v/l.ours.median, "GB/s"
		if ms := fastestCopy(m); ms > 0 {
			l.share = l.rate / (a.MB[copyCase] / ms)
		}
	}
	return l
}

// fastestCopy returns the least median of all contenders' copies, 0 without one.
func fastestCopy(m result) (ms float64) {
	for _, cases := range m.ms {
		if c := statOf(cases[copyCase]); c.ok() && (ms == 0 || c.median < ms) {
			ms = c.median
		}
	}
	return ms
}
