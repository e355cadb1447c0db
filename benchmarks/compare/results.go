package main

import (
	"cmp"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/cpuid/v2"
)

// writeResults prints every sample in the format of Go benchmarks, for benchstat
// (golang.org/design/14313-benchmark-format). What differs from run to run stands
// in lines that benchstat ignores, as it compares only what has the same header.
func writeResults(w io.Writer, results []result, o options, now time.Time) error {
	var b strings.Builder
	fmt.Fprintf(&b, "goos: %s\ngoarch: %s\npkg: github.com/impasto-go/impasto/benchmarks/compare\n", runtime.GOOS, runtime.GOARCH)
	fmt.Fprintf(&b, "cpu: %s (family %d, model %d, %d cores)\n", cmp.Or(cpuid.CPU.BrandName, "unknown"), cpuid.CPU.Family, cpuid.CPU.Model, runtime.NumCPU())
	fmt.Fprintf(&b, "# go: %s\n# threads: %d\n# rounds: %d\n# date: %s\n", runtime.Version(), o.threads, o.rounds, now.Format(time.DateOnly))
	for _, r := range results {
		fmt.Fprintf(&b, "\n# group: %s\n# %v\n", r.group, r.speedup)
		names := sortedKeys(r.ms)
		for _, name := range names {
			fmt.Fprintf(&b, "# %s: %s\n", name, r.about[name].Peer)
		}
		if p := r.about[ours].PeakGFLOPS; p > 0 {
			fmt.Fprintf(&b, "# peak: %.0f GFLOP/s\n", p)
		}
		for _, name := range names {
			for _, c := range sortedKeys(r.ms[name]) {
				for _, ms := range r.ms[name][c] {
					fmt.Fprintf(&b, "BenchmarkCompare/group=%s/case=%s/by=%s-%d 1 %.0f ns/op\n", r.group, c, name, o.threads, ms*1e6)
				}
			}
			if mib := r.rss[name]; mib > 0 {
				fmt.Fprintf(&b, "BenchmarkMemory/group=%s/by=%s-%d 1 %.1f peak-MiB\n", r.group, name, o.threads, mib)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
