package cpu

// section is a run of the parts of a task.
type section struct {
	task
	first int
}

func (s *section) do(i, worker int) { s.task.do(s.first+i, worker) }

// Pace has operations ask next how many of their parts they may do.
func (b *Backend) Pace(next func(left int) int) { b.next = next }

// run does all parts of t, as many at once as the pace allows.
func (b *Backend) run(parts int, t task) {
	if b.observe != nil {
		b.traced(parts, t)
		return
	}
	if b.next == nil {
		b.workers.run(parts, t)
		b.level()
		return
	}
	s := own[section](b)
	s.task = t
	for s.first = 0; ; {
		n := min(b.next(parts-s.first), parts-s.first)
		if n <= 0 {
			return
		}
		b.workers.run(n, s)
		b.level()
		s.first += n
	}
}
