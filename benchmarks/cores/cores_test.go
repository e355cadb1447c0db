package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/tensor/backend"
)

func TestUsage(t *testing.T) {
	var log bytes.Buffer
	for _, args := range [][]string{{"stray"}, {"-rounds", "0"}, {"-fork", "-1s"}, {"-shrink", "9"}, {"-only", "("}} {
		require.Error(t, run(args, &log, &log), "%v", args)
	}
}

// TestSchedule has each core take the next part when it is done with one.
func TestSchedule(t *testing.T) {
	const ms, fork = time.Millisecond, 100 * time.Microsecond
	r := region{parts: []time.Duration{4 * ms, 3 * ms, 2 * ms, 1 * ms, 5 * ms}}
	for cores, want := range map[int]time.Duration{1: 15 * ms, 2: 10*ms + fork, 3: 8*ms + fork, 5: 5*ms + fork, 32: 5*ms + fork} {
		require.Equal(t, want, r.on(cores, fork), "%d cores", cores)
	}
	whole := trace{after: 3 * ms, regions: []region{{before: 2 * ms, parts: r.parts}, {parts: []time.Duration{7 * ms}}}}
	require.Equal(t, 3*ms+2*ms+10*ms+fork+7*ms, whole.on(2, fork))
	require.Equal(t, 6, whole.parts())
}

// scripted is a tracer that tells of the given regions.
type scripted struct {
	rounds [][]backend.Region
	f      func(backend.Region)
}

func (s *scripted) Trace(_ func() time.Duration, f func(backend.Region)) { s.f = f }

func (s *scripted) run() {
	if s.f == nil {
		return
	}
	for _, r := range s.rounds[0] {
		s.f(r)
	}
	s.rounds = s.rounds[1:]
}

// TestRecord keeps the least time of every part, and refuses work that differs from
// run to run.
func TestRecord(t *testing.T) {
	region := func(task string, parts ...time.Duration) []backend.Region {
		return []backend.Region{{Task: task, Parts: parts}}
	}
	s := &scripted{rounds: [][]backend.Region{region("a", 3, 5), region("a", 4, 2)}}
	got, err := record(s, s.run, 2)
	require.NoError(t, err)
	require.Equal(t, []time.Duration{3, 2}, got.regions[0].parts)
	for _, other := range [][]backend.Region{region("b", 1, 1), region("a", 1), nil} {
		s = &scripted{rounds: [][]backend.Region{region("a", 3, 5), other}}
		_, err = record(s, s.run, 2)
		require.ErrorIs(t, err, errDiffers)
	}
}

// TestRun traces a small step and a small frame.
func TestRun(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, run([]string{"-shrink", "8", "-rounds", "1", "-regions", "-only", "8 16 32"}, &out, &out))
	text := out.String()
	require.Regexp(t, `step \[8 16 32\], batch 4, 32x32: \d+ regions, \d+ parts\n`, text)
	require.Regexp(t, `frame \[8 16 32\], 120x64: \d+ regions, \d+ parts\n`, text)
	require.Regexp(t, `\n +16 +\d+\.\d\d +\d+\.\d\dx +\d+\.\d\dx +\d+ %\n`, text)
	require.Regexp(t, `\n +winogradConv +\d+ `, text)
}
