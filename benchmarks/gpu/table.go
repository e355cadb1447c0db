package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/impasto-go/impasto/gpu"
)

// table prints rows as they come.
type table struct {
	out        io.Writer
	peak, copy float64 // operations and bytes per second
	peers      map[string]float64
	times      map[string]time.Duration
}

const layout = "%-34s %9s %9s %10s %8s %8s %6s %6s %12s %12s\n"

func (t *table) head() {
	t.times = map[string]time.Duration{}
	fmt.Fprintf(t.out, layout, "", "ms", "host ms", "rate", "of peak", "of copy", "disp.", "barr.", "torch fp32", "torch TF32")
}

// add prints a row. Rates count the operations of a direct computation, which
// Winograd's method undercuts, and every operand once.
func (t *table) add(r row) {
	seconds := r.time.Seconds()
	took, rate, ofPeak, ofCopy := "-", "-", "-", "-"
	if r.time > 0 {
		t.times[r.Name] = r.time
		took = fmt.Sprintf("%.3f", seconds*1e3)
	}
	switch {
	case r.time == 0:
	case r.FLOP > 0:
		rate = fmt.Sprintf("%.2f TF/s", r.FLOP/seconds/1e12)
		ofPeak = percent(r.FLOP/seconds, t.peak)
	case r.Bytes > 0:
		rate = fmt.Sprintf("%.0f GB/s", r.Bytes/seconds/1e9)
		if r.Name == "copy" {
			t.copy = r.Bytes / seconds
		}
		ofCopy = percent(r.Bytes/seconds, t.copy)
	}
	fmt.Fprintf(t.out, layout, r.Name, took, fmt.Sprintf("%.3f", r.host.Seconds()*1e3), rate, ofPeak, ofCopy,
		strconv.Itoa(r.dispatches), strconv.Itoa(r.barriers), t.peer(r.Name, "fp32"), t.peer(r.Name, "tf32"))
}

// card returns c, with what was measured in place of zeros.
func (t *table) card(c card) card {
	if c.flops == 0 {
		c.flops = t.peak
	}
	if c.bytes == 0 {
		c.bytes = t.copy
	}
	return c
}

func percent(part, whole float64) string {
	if whole <= 0 {
		return "-"
	}
	return fmt.Sprintf("%.0f %%", 100*part/whole)
}

func (t *table) peer(name, precision string) string {
	ms, ok := t.peers[precision+" "+name]
	if !ok {
		return "-"
	}
	return fmt.Sprintf("%.3f", ms)
}

// columns are the rows that summary puts side by side.
var columns = []string{
	"step [8 16 32]", "step [32 64 128]",
	"frame 960x540 [8 16 32]", "frame 960x540 [16 32 64]", "frame 960x540 [32 64 128]",
	"frame 1920x1080 [8 16 32]", "frame 1920x1080 [16 32 64]", "frame 1920x1080 [32 64 128]",
}

// summary is the row for the table by card.
func (t *table) summary(info gpu.Info) string {
	cells := []string{info.Renderer, info.Version, time.Now().Format(time.DateOnly)}
	for _, name := range columns {
		cell := "-"
		if d, ok := t.times[name]; ok {
			cell = fmt.Sprintf("%.2f", d.Seconds()*1e3)
		}
		cells = append(cells, cell)
	}
	return "| " + strings.Join(cells, " | ") + " |"
}

// parsePeer reads lines such as "fp32 step [8 16 32]: 27.2", in milliseconds. Other
// lines are passed over.
func parsePeer(text []byte) map[string]float64 {
	times := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), ": ")
		if ms, err := strconv.ParseFloat(value, 64); ok && err == nil {
			times[name] = ms
		}
	}
	return times
}

func lastLine(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return lines[len(lines)-1]
}
