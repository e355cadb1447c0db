package temporal

import "time"

// Work knows what the steps of a network take, and cuts them into portions of about
// equal time, one for each of several frames. A step has a number of equal parts, and
// cuts fall between parts.
type Work struct {
	steps []step
	ends  []Place
}

type step struct {
	parts int
	time  time.Duration // the least that was measured
}

// Place is a point between two parts of steps: Part parts of the step are done, and
// all steps before it.
type Place struct{ Step, Part int }

// Steps returns how many steps are known.
func (w *Work) Steps() int { return len(w.steps) }

// Parts returns the number of parts of a step.
func (w *Work) Parts(i int) int { return w.steps[i].parts }

// Measured tells what step i took. Steps come in order when they are new; of several
// times, which other programs may have stretched, the least counts.
func (w *Work) Measured(i, parts int, took time.Duration) {
	if i == len(w.steps) {
		w.steps = append(w.steps, step{parts, took})
	}
	w.steps[i].time = min(w.steps[i].time, took)
}

// Reset forgets all steps.
func (w *Work) Reset() { w.steps = w.steps[:0] }

// Cut returns where each of n portions ends; the last ends behind all steps. The next
// call overwrites them.
func (w *Work) Cut(n int) []Place {
	var total time.Duration
	for _, s := range w.steps {
		total += s.time
	}
	w.ends = w.ends[:0]
	var before time.Duration // of the steps before i
	i := 0
	for k := 1; k < n; k++ {
		goal := total * time.Duration(k) / time.Duration(n)
		for i < len(w.steps) && before+w.steps[i].time <= goal {
			before += w.steps[i].time
			i++
		}
		end := Place{Step: i}
		if i < len(w.steps) {
			s := w.steps[i]
			end.Part = int((time.Duration(s.parts)*(goal-before) + s.time/2) / s.time)
			if end.Part == s.parts {
				end = Place{Step: i + 1}
			}
		}
		w.ends = append(w.ends, end)
	}
	w.ends = append(w.ends, Place{Step: len(w.steps)})
	return w.ends
}
