package scale

import (
	"fmt"
	"io"
	"math"
)

// model predicts how long a step takes that ranks share.
type model struct {
	compute float64 // seconds for one picture, by one rank
	fixed   float64 // seconds of a step that do not depend on its pictures
	batch   int     // pictures of all ranks
	buckets []int   // values in each sum of a step
	link    link
}

// link is what sums go over.
type link struct {
	latency float64 // seconds from one rank to another
	rate    float64 // bytes per second and direction
}

// eager are the bytes that Open MPI sends over TCP without asking (its parameter
// btl_tcp_eager_limit). Where there are more, the rest waits for an answer.
const eager = 64 << 10

// sum returns the seconds that a sum of n float32 over so many ranks takes by
// recursive doubling: in each of log2(ranks) rounds, every rank sends all values.
// Other numbers than powers of two take a round more before and after.
func (l link) sum(n, ranks int) float64 {
	if ranks == 1 {
		return 0
	}
	rounds := math.Floor(math.Log2(float64(ranks)))
	if float64(ranks) != math.Exp2(rounds) {
		rounds += 2
	}
	latencies := 1.0
	if 4*n > eager {
		latencies = 3
	}
	return rounds * (latencies*l.latency + 4*float64(n)/l.rate)
}

// step returns the seconds of a step. No sum is taken to be hidden behind what is
// still computed, so that it is the most that a step can take.
func (m model) step(ranks int) float64 {
	return m.fixed + m.compute*float64((m.batch+ranks-1)/ranks) + m.sums(ranks)
}

// sums returns the seconds that the sums of a step take.
func (m model) sums(ranks int) (t float64) {
	for _, n := range m.buckets {
		t += m.link.sum(n, ranks)
	}
	return t
}

// stop returns the number of ranks, a power of two, from which on twice as many do
// not make a step faster by a tenth.
func (m model) stop() int {
	ranks := 1
	for ranks < 1<<16 && m.step(2*ranks) < 0.9*m.step(ranks) {
		ranks *= 2
	}
	return ranks
}

// table prints the speed-up for several links and numbers of ranks.
func (m model) table(w io.Writer, latency float64, gbits []float64) {
	fmt.Fprint(w, "| ranks |")
	for _, g := range gbits {
		fmt.Fprintf(w, " %g GbE |", g)
	}
	fmt.Fprint(w, "\n|---|")
	for range gbits {
		fmt.Fprint(w, "---|")
	}
	fmt.Fprintln(w)
	for ranks := 1; ranks <= 256; ranks *= 2 {
		fmt.Fprintf(w, "| %d |", ranks)
		for _, g := range gbits {
			m.link = link{latency, g * 1e9 / 8}
			t := m.step(ranks)
			fmt.Fprintf(w, " %s, %.1fx |", ms(t), m.step(1)/t)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprint(w, "| pays up to |")
	for _, g := range gbits {
		m.link = link{latency, g * 1e9 / 8}
		fmt.Fprintf(w, " %d |", m.stop())
	}
	fmt.Fprintln(w)
}
