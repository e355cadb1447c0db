package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// group is work that contenders do in turn.
type group struct {
	name       string
	contenders []contender // ours first
	rows       []row
}

// result is what a group measured. Contenders are called by their names.
type result struct {
	group   string
	about   map[string]about
	ms      map[string]map[string][]float64 // contender, case
	rss     map[string]float64              // MiB
	missing []string                        // contenders that could not be measured, and why
	speedup speedup                         // of all threads, the lesser of before and after
}

// settle is how long the threads of the last contender have to fall asleep
// before the next one starts: OpenBLAS's and OpenMP's spin for a while.
const settle = 50 * time.Millisecond

// measure runs the cases of a group that wanted selects, rounds times each,
// contender by contender within a round.
func (g group) measure(ctx context.Context, rounds int, wanted func(name string) bool, log io.Writer) (result, error) {
	r := result{
		group: g.name, about: map[string]about{},
		ms: map[string]map[string][]float64{}, rss: map[string]float64{},
	}
	runners := map[string]runner{}
	defer func() {
		for _, p := range runners {
			p.close()
		}
	}()
	drop := func(c contender, err error) error {
		delete(runners, c.name)
		delete(r.ms, c.name)
		if c.name == ours {
			return fmt.Errorf("%s: %s: %w", g.name, c.name, err)
		}
		r.missing = append(r.missing, fmt.Sprintf("%s, %s: %v", g.name, c.name, err))
		return ctx.Err()
	}
	for _, c := range g.contenders {
		fmt.Fprintf(log, "%s: starting %s\n", g.name, c.name)
		p, err := c.start(ctx)
		if err != nil {
			if err := drop(c, err); err != nil {
				return r, err
			}
			continue
		}
		runners[c.name], r.about[c.name], r.ms[c.name] = p, p.about(), map[string][]float64{}
	}
	for i := range rounds {
		fmt.Fprintf(log, "%s: round %d of %d\n", g.name, i+1, rounds)
		for _, name := range r.about[ours].Cases {
			if !wanted(name) {
				continue
			}
			for j := range g.contenders {
				c := g.contenders[(i+j)%len(g.contenders)] // each is first in turn
				p, ok := runners[c.name]
				if !ok {
					continue
				}
				time.Sleep(settle)
				ms, err := p.run(name)
				if err != nil {
					if err := drop(c, err); err != nil {
						return r, err
					}
					continue
				}
				r.ms[c.name][name] = append(r.ms[c.name][name], ms)
			}
		}
	}
	for name, p := range runners {
		mib, err := p.rss()
		if err != nil {
			r.missing = append(r.missing, fmt.Sprintf("%s, %s: %v", g.name, name, err))
		}
		r.rss[name] = mib
	}
	return r, ctx.Err()
}
