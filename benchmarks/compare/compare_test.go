package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
)

// fakeRole makes the test binary a contender.
const fakeRole = "IMPASTO_TEST_CONTENDER"

func TestMain(m *testing.M) {
	if role := os.Getenv(fakeRole); role != "" {
		if err := fakeContender(role); err != nil {
			fmt.Fprintln(os.Stderr, "Traceback:\n"+err.Error())
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// fakeContender plays a part over the protocol. It appends what it is asked to
// the file that IMPASTO_TEST_LOG names, if any.
func fakeContender(role string) error {
	nothing := func() {}
	cases := []work.Case{{Name: "a.fwd", Run: nothing, FLOP: 2e9, Count: 3}, {Name: "b.fwd", Run: nothing, FLOP: 4e9}}
	a := about{Peer: "fake", Threads: 1, PeakGFLOPS: 100}
	a.describe(cases)
	switch role {
	case "good":
		if path := os.Getenv("IMPASTO_TEST_LOG"); path != "" {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				return err
			}
			defer f.Close()
			for i := range cases {
				cases[i].Run = func() { fmt.Fprintln(f, os.Getenv("IMPASTO_TEST_NAME"), cases[i].Name) }
			}
		}
		return serve(a, cases, os.Stdin, os.Stdout)
	case "cannot start":
		return errors.New("no module named 'torch'")
	case "says nonsense":
		fmt.Println("hello")
		return nil
	case "dies":
		a.Cases = append(a.Cases, "c.fwd")
		return serve(a, cases, os.Stdin, os.Stdout) // has no c.fwd
	case "answers nonsense":
		fmt.Println(`{"peer":"fake","cases":["a.fwd","b.fwd"]}`)
		_, err := io.Copy(os.Stdout, os.Stdin)
		return err
	}
	return fmt.Errorf("unknown role %q", role)
}

func fake(t *testing.T, name, role string, env ...string) contender {
	self, err := os.Executable()
	require.NoError(t, err)
	return contender{name: name, argv: []string{self}, env: append(env, fakeRole+"="+role, "IMPASTO_TEST_NAME="+name)}
}

func all(string) bool { return true }

func TestMeasureTakesTurns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	env := "IMPASTO_TEST_LOG=" + path
	g := group{name: "g", contenders: []contender{fake(t, ours, "good", env), fake(t, "torch", "good", env), fake(t, "torch-tuned", "good", env)}}
	r, err := g.measure(context.Background(), 2, func(name string) bool { return name == "a.fwd" }, io.Discard)
	require.NoError(t, err)
	require.Empty(t, r.missing)
	require.Len(t, r.ms[ours]["a.fwd"], 2)
	require.Empty(t, r.ms[ours]["b.fwd"])
	require.Equal(t, map[string]int{"a.fwd": 3, "b.fwd": 1}, r.about[ours].Count)

	turns, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, []string{
		"ours a.fwd", "torch a.fwd", "torch-tuned a.fwd",
		"torch a.fwd", "torch-tuned a.fwd", "ours a.fwd",
	}, strings.Split(strings.TrimSpace(string(turns)), "\n"))
}

func TestMeasureNamesMissingPeers(t *testing.T) {
	g := group{name: "g", contenders: []contender{
		fake(t, ours, "good"),
		fake(t, "torch", "cannot start"),
		fake(t, "torch-tuned", "says nonsense"),
		fake(t, "ort", "answers nonsense"),
		{name: "ort-tuned", argv: []string{"/no/such/program"}},
		{name: "other", absent: "it is not there"},
	}}
	r, err := g.measure(context.Background(), 1, all, io.Discard)
	require.NoError(t, err)
	require.Len(t, r.ms, 1)
	text := strings.Join(r.missing, "\n")
	for _, want := range []string{
		"g, torch: it ended before it was ready: EOF (no module named 'torch')",
		`g, torch-tuned: first line "hello\n"`,
		`g, ort: go a.fwd: answer "go a.fwd\n" is no time or size`,
		"g, ort-tuned: fork/exec /no/such/program",
		"g, other: it is not there",
	} {
		require.Contains(t, text, want)
	}
}

func TestMeasureFailsWithoutUs(t *testing.T) {
	g := group{name: "g", contenders: []contender{fake(t, ours, "dies"), fake(t, "torch", "good")}}
	_, err := g.measure(context.Background(), 1, all, io.Discard)
	require.ErrorContains(t, err, `no case "c.fwd"`)
}

func TestMeasureProcesses(t *testing.T) {
	c := fake(t, ours, "good")
	c.argv, c.once = append(c.argv, "-x", "-y"), true
	bad := fake(t, "torch", "cannot start")
	bad.argv, bad.once = append(bad.argv, "-x", "-y"), true
	r, err := group{name: "g", contenders: []contender{c, bad}}.measure(context.Background(), 2, all, io.Discard)
	require.NoError(t, err)
	require.Len(t, r.ms[ours]["startup"], 2)
	require.Positive(t, r.ms[ours]["startup"][0])
	require.Contains(t, r.missing[0], "exit status 3 (no module named 'torch')")
}

func TestServe(t *testing.T) {
	runs := 0
	cases := []work.Case{{Name: "step", Run: func() { runs++; time.Sleep(2 * time.Millisecond) }}}
	var out bytes.Buffer
	require.NoError(t, serve(about{Peer: "us"}, cases, strings.NewReader("go\ngo step\nquit\ngo\n"), &out))
	require.Equal(t, 2, runs)
	require.Regexp(t, regexp.MustCompile(`^\{"peer":"us".*\}\n\d+\.\d{4}\n\d+\.\d{4}\n$`), out.String())
	for _, bad := range []string{"go fly\n", "stop\n", "\n"} {
		require.Error(t, serve(about{}, cases, strings.NewReader(bad), io.Discard), bad)
	}
}

func TestMedian(t *testing.T) {
	require.Equal(t, 2.0, median([]float64{3, 1, 2}))
	require.Equal(t, 2.5, median([]float64{4, 1, 3, 2}))
	require.Equal(t, 7.0, median([]float64{7}))
	require.True(t, math.IsNaN(median(nil)))
	require.Equal(t, stat{2, 1}, statOf([]float64{3, 1, 2}))

	var m mean
	m.add(2, 1)
	m.add(16, 2)
	require.InDelta(t, 8, m.value(), 1e-12)
}
