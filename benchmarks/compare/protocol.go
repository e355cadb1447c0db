package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/impasto-go/impasto/benchmarks/internal/work"
)

// about is the first line of a contender: what it is and what it can run. Peers
// say more than is read here.
type about struct {
	Peer       string             `json:"peer"`
	Threads    int                `json:"threads"`
	Cases      []string           `json:"cases"`
	GFLOP      map[string]float64 `json:"gflop,omitempty"`         // of a direct computation of each case
	MB         map[string]float64 `json:"read_write_mb,omitempty"` // that each case moves
	Count      map[string]int     `json:"count,omitempty"`         // of each case in its network
	PeakGFLOPS float64            `json:"peak_gflops,omitempty"`   // probed, of all threads
}

// describe fills in what the cases say of themselves.
func (a *about) describe(cases []work.Case) {
	a.GFLOP, a.MB, a.Count = map[string]float64{}, map[string]float64{}, map[string]int{}
	for _, c := range cases {
		a.Cases = append(a.Cases, c.Name)
		a.Count[c.Name] = max(c.Count, 1)
		if c.FLOP > 0 {
			a.GFLOP[c.Name] = c.FLOP / 1e9
		}
		if c.Bytes > 0 {
			a.MB[c.Name] = c.Bytes / 1e6
		}
	}
}

// serve is our side of the line protocol that benchmarks/peers/README.md
// describes.
func serve(a about, cases []work.Case, in io.Reader, out io.Writer) error {
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		command, name, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		var answer float64
		switch command {
		case "quit":
			return nil
		case "rss":
			if answer, err = peakRSS(); err != nil {
				return err
			}
		case "go":
			c, err := find(cases, name)
			if err != nil {
				return err
			}
			start := time.Now()
			c.Run()
			answer = time.Since(start).Seconds() * 1e3
		default:
			return fmt.Errorf("unknown command %q", lines.Text())
		}
		if _, err := fmt.Fprintf(out, "%.4f\n", answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// find returns the case called name; no name will do for the only one.
func find(cases []work.Case, name string) (work.Case, error) {
	for _, c := range cases {
		if c.Name == name || name == "" && len(cases) == 1 {
			return c, nil
		}
	}
	return work.Case{}, fmt.Errorf("no case %q", name)
}

// client is the driver's side of the protocol.
type client struct {
	to   io.Writer
	from *bufio.Reader
}

func (c *client) hello() (a about, err error) {
	line, err := c.from.ReadBytes('\n')
	if err != nil {
		return a, fmt.Errorf("it ended before it was ready: %w", err)
	}
	if err := json.Unmarshal(line, &a); err != nil {
		return a, fmt.Errorf("first line %.80q: %w", line, err)
	}
	if len(a.Cases) == 0 {
		return a, fmt.Errorf("first line %.80q names no cases", line)
	}
	return a, nil
}

// ask sends a request whose answer is a number.
func (c *client) ask(request string) (float64, error) {
	if _, err := fmt.Fprintln(c.to, request); err != nil {
		return 0, fmt.Errorf("%s: %w", request, err)
	}
	line, err := c.from.ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("%s: no answer: %w", request, err)
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(line), 64)
	if err != nil || !(v >= 0) {
		return 0, fmt.Errorf("%s: answer %.80q is no time or size", request, line)
	}
	return v, nil
}
