package budget

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// print writes the table and its sums.
func (b *budget) print(w io.Writer) error {
	var sum layer
	var memory int
	for _, l := range b.layers {
		sum.params += l.params
		sum.macs += l.macs
		sum.elapsed += l.elapsed
		memory += l.bytes()
	}
	fmt.Fprintf(w, "%v, one %dx%d picture, %s\n\n", b.arch, b.width, b.height, b.device)

	// Words are aligned to the left by hand, numbers to the right.
	names, kinds := len("layer"), len("kind")
	for _, l := range b.layers {
		names, kinds = max(names, len(l.name)), max(kinds, len(l.kind))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells ...string) {
		cells[0], cells[1] = fmt.Sprintf("%-*s", names, cells[0]), fmt.Sprintf("%-*s", kinds, cells[1])
		fmt.Fprintln(t, strings.Join(cells, "\t")+"\t")
	}
	row("layer", "kind", "output", "parameters", "million MACs", "output MiB", "ms", "share")
	for _, l := range b.layers {
		out := fmt.Sprintf("%dx%dx%d", l.out[1], l.out[2], l.out[3])
		row(l.name, l.kind, out, grouped(l.params), millions(l.macs), mib(l.bytes()), ms(l.elapsed), percent(l.elapsed, sum.elapsed))
	}
	row("sum", "", "", grouped(sum.params), millions(sum.macs), mib(memory), ms(sum.elapsed), percent(sum.elapsed, sum.elapsed))
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, `
Weights take %s MiB. Stylizing keeps at most %s MiB of layers at once, and
training all %s MiB of them for each picture of a batch, besides gradients and
VGG-19. Speed here: %.1f pictures/s, %.1f billion MACs/s.
`, mib(4*sum.params), mib(b.peak), mib(memory), 1/sum.elapsed.Seconds(), float64(sum.macs)/sum.elapsed.Seconds()/1e9)
	return err
}

// grouped writes n with commas between its thousands.
func grouped(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func millions(n int64) string { return fmt.Sprintf("%.1f", float64(n)/1e6) }

func mib(bytes int) string { return fmt.Sprintf("%.1f", float64(bytes)/(1<<20)) }

func ms(d time.Duration) string { return fmt.Sprintf("%.2f", float64(d)/1e6) }

func percent(part, whole time.Duration) string {
	return fmt.Sprintf("%.1f%%", 100*float64(part)/float64(whole))
}
