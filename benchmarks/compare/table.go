package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// writeTable prints the lines as markdown, with what was missing or disturbed
// below.
func writeTable(w io.Writer, lines []line, notes []string) error {
	var b strings.Builder
	b.WriteString("| work | ours | peer, default | peer, tuned | ratio | effective rate | of peak |\n")
	b.WriteString("|---|---:|---:|---:|---:|---:|---:|\n")
	for _, l := range lines {
		work := l.work
		if l.disturbed {
			work += " *"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", work,
			l.ours.cell(l.unit), l.peer.cell(l.unit), l.tuned.cell(l.unit), l.ratios(), l.rateCell(), l.shareCell())
	}
	b.WriteString("\nTimes are medians (and minima). The ratio is the peer's median, default and tuned, over ours. " +
		"Rates count a direct computation's operations, or each operand once; " +
		"peak is the probed rate of multiply-adds, or of copying.\n")
	for _, n := range notes {
		b.WriteString("\n- " + n)
	}
	if len(notes) > 0 {
		b.WriteString("\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell formats a time such as "712 (698) ms".
func (s stat) cell(unit string) string {
	switch {
	case !s.ok():
		return "–"
	case unit == "MiB":
		return digits(s.median) + " MiB"
	}
	return fmt.Sprintf("%s (%s) %s", digits(s.median), digits(s.least), unit)
}

// ratios formats the gains over both forms of the peer, such as "5.31 / 4.10".
func (l line) ratios() string {
	ratio := func(s stat) string {
		if !s.ok() {
			return "–"
		}
		return fmt.Sprintf("%.2f", s.median/l.ours.median)
	}
	if !l.peer.ok() && !l.tuned.ok() {
		return "–"
	}
	return ratio(l.peer) + " / " + ratio(l.tuned)
}

func (l line) rateCell() string {
	if l.rate == 0 {
		return "–"
	}
	return digits(l.rate) + " " + l.rateUnit
}

func (l line) shareCell() string {
	if l.share == 0 {
		return "–"
	}
	return fmt.Sprintf("%.0f %%", 100*l.share)
}

// digits formats v with three significant digits, and whole numbers in full.
func digits(v float64) string {
	decimals := 2 - int(math.Floor(math.Log10(v)))
	return fmt.Sprintf("%.*f", min(max(decimals, 0), 4), v)
}
