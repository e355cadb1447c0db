package main

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// measured is a result with round numbers: ours needs 1 ms for a and 4 ms for b.
func measured() result {
	return result{
		group: "vggconv",
		about: map[string]about{
			ours: {
				Peer: "us", Cases: []string{"a.fwd", "b.fwd", "copy"}, Count: map[string]int{"a.fwd": 1, "b.fwd": 1},
				GFLOP: map[string]float64{"a.fwd": 1, "b.fwd": 4}, MB: map[string]float64{"copy": 10}, PeakGFLOPS: 2000,
			},
			"torch": {Peer: "PyTorch 1"},
		},
		ms: map[string]map[string][]float64{
			ours:          {"a.fwd": {1, 1, 3}, "b.fwd": {4, 2, 6}, "copy": {2}},
			"torch":       {"a.fwd": {8}, "b.fwd": {8}, "copy": {1}},
			"torch-tuned": {"a.fwd": {4}, "b.fwd": {4}, "copy": {4}},
		},
		rss:     map[string]float64{ours: 100, "torch": 250},
		speedup: speedup{2, 1.95},
	}
}

func TestFill(t *testing.T) {
	m := measured()
	l, ok := row{work: "w", cases: "a.fwd", peer: "torch"}.fill(m)
	require.True(t, ok)
	require.Equal(t, line{
		work: "w", unit: "ms", ours: stat{1, 1}, peer: stat{8, 8}, tuned: stat{4, 4},
		rate: 1000, rateUnit: "GFLOP/s", share: 0.5,
	}, rounded(l))

	l, ok = row{work: "w", cases: ".fwd", peer: "torch"}.fill(m)
	require.True(t, ok)
	require.InDelta(t, 2, l.ours.median, 1e-9) // of 1 and 4
	require.InDelta(t, 4, l.tuned.median, 1e-9)
	require.InDelta(t, 1000, l.rate, 1e-6)

	l, ok = row{work: "w", cases: ".fwd", kind: worst, peer: "torch"}.fill(m)
	require.True(t, ok)
	require.Equal(t, "w (b.fwd)", l.work)
	require.InDelta(t, 1, l.gain(), 1e-9)

	l, ok = row{work: "w", cases: "copy", peer: "torch"}.fill(m)
	require.True(t, ok)
	require.Equal(t, "GB/s", l.rateUnit)
	require.InDelta(t, 5, l.rate, 1e-9)
	require.InDelta(t, 0.5, l.share, 1e-9) // the fastest copy is PyTorch's

	l, ok = row{work: "w", kind: memory, peer: "torch"}.fill(m)
	require.True(t, ok)
	require.Equal(t, line{work: "w", unit: "MiB", ours: stat{100, 100}, peer: stat{250, 250}}, l)

	l, ok = row{work: "w", cases: "a.fwd", peer: "ort"}.fill(m)
	require.True(t, ok)
	require.False(t, l.peer.ok() || l.tuned.ok())
	_, ok = row{work: "w", cases: ".bwd", peer: "torch"}.fill(m)
	require.False(t, ok)
}

// rounded removes what logarithms add to times.
func rounded(l line) line {
	for _, s := range []*stat{&l.ours, &l.peer, &l.tuned} {
		s.median, s.least = float64(int(s.median*1e6+0.5))/1e6, float64(int(s.least*1e6+0.5))/1e6
	}
	l.rate, l.share = float64(int(l.rate*1e6+0.5))/1e6, float64(int(l.share*1e6+0.5))/1e6
	return l
}

func TestWriteTable(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, writeTable(&b, []line{
		{work: "step", ours: stat{712.4, 698.2}, peer: stat{4110, 4000}, tuned: stat{3220, 3100}, unit: "ms", rate: 623, rateUnit: "GFLOP/s", share: 2.64},
		{work: "memory", ours: stat{900.4, 900.4}, peer: stat{1700, 1700}, unit: "MiB"},
		{work: "alone", ours: stat{0.0123, 0.0123}, unit: "ms", rate: 9.876, rateUnit: "GB/s", share: 0.8, disturbed: true},
	}, []string{"not measured: ort"}))
	require.Equal(t, []string{
		"| work | ours | peer, default | peer, tuned | ratio | effective rate | of peak |",
		"|---|---:|---:|---:|---:|---:|---:|",
		"| step | 712 (698) ms | 4110 (4000) ms | 3220 (3100) ms | 5.77 / 4.52 | 623 GFLOP/s | 264 % |",
		"| memory | 900 MiB | 1700 MiB | – | 1.89 / – | – | – |",
		"| alone * | 0.0123 (0.0123) ms | – | – | – | 9.88 GB/s | 80 % |",
	}, strings.Split(b.String(), "\n")[:5])
	require.True(t, strings.HasSuffix(b.String(), "\n- not measured: ort\n"))
}

// TestWriteResults wants what benchstat reads: header lines, then names, counts
// and values with units.
func TestWriteResults(t *testing.T) {
	var b bytes.Buffer
	o := options{threads: 2, rounds: 3}
	require.NoError(t, writeResults(&b, []result{measured()}, o, time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)))
	header := regexp.MustCompile(`^(goos|goarch|pkg|cpu): \S`)
	sample := regexp.MustCompile(`^Benchmark\w+/\S+-2 1 [0-9.]+ (ns/op|peak-MiB)$`)
	samples := 0
	for _, text := range strings.Split(strings.TrimSpace(b.String()), "\n") {
		switch {
		case sample.MatchString(text):
			samples++
		case text == "", strings.HasPrefix(text, "# "), header.MatchString(text):
		default:
			t.Errorf("line %q", text)
		}
	}
	require.Equal(t, 7+3+3+2, samples)
	require.Contains(t, b.String(), "BenchmarkCompare/group=vggconv/case=a.fwd/by=ours-2 1 3000000 ns/op\n")
	require.Contains(t, b.String(), "# date: 2026-01-02\n")
}

func TestDisturbed(t *testing.T) {
	require.False(t, speedup{2, 1.81}.disturbed())
	require.True(t, speedup{2, 1.79}.disturbed())
	require.False(t, speedup{1, 1}.disturbed())
	require.Positive(t, probe(2).factor)
}

func TestOnly(t *testing.T) {
	groups := plan(options{}, "self", "net.onnx", "net.pth")
	require.Equal(t, groups, only(groups, regexp.MustCompile("")))
	kept := only(groups, regexp.MustCompile("relu forward|^stylize$"))
	require.Len(t, kept, 2)
	require.Equal(t, "stylize", kept[0].name)
	require.Len(t, kept[0].rows, 4)
	require.Len(t, kept[1].rows, 1)
	require.True(t, kept[1].wants("relu.fwd"))
	require.True(t, kept[1].wants("copy"))
	require.False(t, kept[1].wants("relu.bwd"))
	for _, g := range groups {
		require.Equal(t, ours, g.contenders[0].name, g.name)
	}
}

func TestParse(t *testing.T) {
	o, err := parse([]string{"-serve", "step", "-filters", "32,64,128"}, new(bytes.Buffer))
	require.NoError(t, err)
	require.Equal(t, [3]int{32, 64, 128}, [3]int(o.filters))
	for _, args := range [][]string{{"x"}, {"-rounds", "0"}, {"-only", "("}, {"-filters", "8,16"}, {"-filters", "8,16,0"}, {"-threads", "-1"}} {
		_, err := parse(args, new(bytes.Buffer))
		require.Error(t, err, args)
	}
}
