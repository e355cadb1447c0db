package main

import (
	"math"
	"slices"
)

// median returns the middle value, or the mean of the two in the middle.
func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(v))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// stat is a time in milliseconds, or memory in MiB: the median and the least of
// its samples.
type stat struct{ median, least float64 }

func (s stat) ok() bool { return s.median > 0 }

func statOf(v []float64) stat {
	if len(v) == 0 {
		return stat{}
	}
	return stat{median(v), slices.Min(v)}
}

// mean is a geometric mean of weighted values.
type mean struct{ logs, weight float64 }

func (m *mean) add(v float64, count int) {
	m.logs += float64(count) * math.Log(v)
	m.weight += float64(count)
}

func (m *mean) value() float64 { return math.Exp(m.logs / m.weight) }
