package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

var cores = []int{1, 2, 4, 8, 16, 32}

// manyCores is the number for which losses are listed.
const manyCores = 16

func ms(d time.Duration) float64 { return float64(d) / 1e6 }

// printScaling prints the time on more and more cores.
func (t *trace) printScaling(out io.Writer, fork time.Duration) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "cores\tms\tof 1\tof 2\tbusy\t")
	one, two := t.on(1, fork), t.on(2, fork)
	for _, n := range cores {
		d := t.on(n, fork)
		fmt.Fprintf(w, "%d\t%.2f\t%.2fx\t%.2fx\t%.0f %%\t\n", n, ms(d), ratio(one, d), ratio(two, d), 100*ratio(one, d)/float64(n))
	}
	w.Flush()
	fmt.Fprintln(out)
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// kind sums up the regions of a task.
type kind struct {
	task        string
	regions     int
	least, most int // parts of a region
	time, lost  time.Duration
	before      time.Duration // what one core does before them
}

// kinds sums up the tasks, those first that lose most on many cores: to cores that
// have no part while others still work, to forks, and to what one does alone.
func (t *trace) kinds(fork time.Duration) []kind {
	var all []kind
	for _, r := range t.regions {
		i := slices.IndexFunc(all, func(k kind) bool { return k.task == r.task })
		if i < 0 {
			i, all = len(all), append(all, kind{task: r.task, least: len(r.parts)})
		}
		k, d := &all[i], sum(r.parts)
		k.regions++
		k.least, k.most = min(k.least, len(r.parts)), max(k.most, len(r.parts))
		k.time += d
		k.before += r.before
		k.lost += r.on(manyCores, fork) - d/manyCores + r.before - r.before/manyCores
	}
	slices.SortStableFunc(all, func(a, b kind) int { return cmp.Compare(b.lost, a.lost) })
	return all
}

// printTasks prints the kinds.
func (t *trace) printTasks(out io.Writer, fork time.Duration) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "task\tregions\tparts\tms on 1\tms alone before\tms lost on %d\t\n", manyCores)
	for _, k := range t.kinds(fork) {
		fmt.Fprintf(w, "%s\t%d\t%d-%d\t%.2f\t%.3f\t%.3f\t\n", k.task, k.regions, k.least, k.most, ms(k.time), ms(k.before), ms(k.lost))
	}
	w.Flush()
	fmt.Fprintf(out, "%.3f ms after the last\n\n", ms(t.after))
}

// printRegions prints every region.
func (t *trace) printRegions(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(w, "region\ttask\tparts\tms on 1\tlongest\tms alone before\tof %d\t\n", manyCores)
	for i, r := range t.regions {
		d := sum(r.parts)
		fmt.Fprintf(w, "%d\t%s\t%d\t%.3f\t%.3f\t%.3f\t%.1fx\t\n", i, r.task, len(r.parts), ms(d), ms(slices.Max(r.parts)), ms(r.before), ratio(d, r.on(manyCores, 0)))
	}
	w.Flush()
	fmt.Fprintln(out)
}
