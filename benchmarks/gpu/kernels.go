package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
	"github.com/impasto-go/impasto/gpu"
)

// kernel sums up the dispatches of one.
type kernel struct {
	name       string
	dispatches int
	flops      float64
	bytes      float64
	floor      time.Duration // what a card needs at its peak or its copy
	device     time.Duration // what the device took; 0 if it only counted
}

// card is what a graphics card can do: operations and bytes per second.
type card struct{ flops, bytes float64 }

// floor is the least time of a dispatch: at the peak, or as long as its operands move.
// A rate of zero is not known.
func (c card) floor(d gpu.Dispatch) time.Duration {
	seconds := 0.0
	if c.flops > 0 {
		seconds = d.FLOPs / c.flops
	}
	if c.bytes > 0 {
		seconds = max(seconds, float64(d.Bytes)/c.bytes)
	}
	return time.Duration(1e9 * seconds)
}

// ignore is for dispatches that are not counted.
func ignore(gpu.Dispatch) {}

// trace runs c once, one dispatch after the other, or only counts that, and sums up its
// dispatches, and the time that the host took for them.
func trace(d *gpu.Device, c work.Case, on card, dry bool) (kernels []kernel, host time.Duration, err error) {
	all := map[string]*kernel{}
	look := d.Time
	if dry {
		look = d.Count
	}
	look(func(p gpu.Dispatch) {
		k := all[p.Kernel]
		if k == nil {
			k = &kernel{name: p.Kernel}
			all[p.Kernel] = k
		}
		k.dispatches++
		k.flops += p.FLOPs
		k.bytes += float64(p.Bytes)
		k.floor += on.floor(p)
		k.device += p.Device
		host += p.Host
	})
	c.Run()
	if dry {
		look(ignore)
	} else {
		look(nil)
	}
	for _, k := range all {
		kernels = append(kernels, *k)
	}
	slices.SortFunc(kernels, func(a, b kernel) int {
		return cmp.Or(cmp.Compare(b.device, a.device), cmp.Compare(b.floor, a.floor), strings.Compare(a.name, b.name))
	})
	return kernels, host, d.Sync()
}

// printKernels prints a table in Markdown of what a case's dispatches are counted to
// do, what they need at least on a card, and what they took if they ran.
func printKernels(out io.Writer, name string, kernels []kernel) {
	w := tabwriter.NewWriter(out, 0, 0, 1, ' ', 0)
	fmt.Fprintf(w, "\n| %s\t| dispatches\t| GFLOP\t| MB\t| FLOP per byte\t| floor, ms\t| ms\t|\n|---\t|---\t|---\t|---\t|---\t|---\t|---\t|\n", name)
	total := kernel{name: "**all**"}
	for _, k := range kernels {
		printKernel(w, k)
		total.dispatches += k.dispatches
		total.flops += k.flops
		total.bytes += k.bytes
		total.floor += k.floor
		total.device += k.device
	}
	printKernel(w, total)
	w.Flush()
}

func printKernel(w io.Writer, k kernel) {
	products, intensity := "", ""
	if k.flops > 0 {
		products, intensity = fmt.Sprintf("%.2f", k.flops/1e9), fmt.Sprintf("%.1f", k.flops/k.bytes)
	}
	took := ""
	if k.device > 0 {
		took = fmt.Sprintf("%.3f", k.device.Seconds()*1e3)
	}
	name := k.name
	if !strings.HasPrefix(name, "*") {
		name = "`" + name + "`"
	}
	fmt.Fprintf(w, "| %s\t| %d\t| %s\t| %.1f\t| %s\t| %.3f\t| %s\t|\n", name, k.dispatches, products, k.bytes/1e6, intensity, k.floor.Seconds()*1e3, took)
}
