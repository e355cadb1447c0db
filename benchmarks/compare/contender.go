package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// contender is a way to do a group's work: ours, or a peer in one environment.
type contender struct {
	name   string   // "ours", "torch", "torch-tuned", "ort", "ort-tuned"
	argv   []string // of its process
	env    []string // added to ours
	absent string   // why it cannot run, if that is known before
	once   bool     // each iteration is a process of its own, from start to end
}

// runner is a contender that has started.
type runner interface {
	about() about
	run(name string) (ms float64, err error)
	rss() (mib float64, err error)
	close()
}

// start runs the contender's process and waits until it is warm.
func (c contender) start(ctx context.Context) (runner, error) {
	if c.absent != "" {
		return nil, fmt.Errorf("%s", c.absent)
	}
	if c.once {
		p := &onceRunner{ctx, c}
		_, err := p.run("") // warms the file cache
		return p, err
	}
	cmd := c.command(ctx)
	p := &process{cmd: cmd}
	cmd.Stderr = &p.stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p.stdin = stdin
	p.client = client{stdin, bufio.NewReader(stdout)}
	if p.hello, err = p.client.hello(); err != nil {
		return nil, p.explain(err)
	}
	return p, nil
}

func (c contender) command(ctx context.Context) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	return cmd
}

// process is a contender that speaks the line protocol.
type process struct {
	cmd    *exec.Cmd
	stdin  io.Closer
	client client
	hello  about
	stderr tail
}

func (p *process) about() about { return p.hello }

func (p *process) run(name string) (float64, error) {
	ms, err := p.client.ask("go " + name)
	return ms, p.explain(err)
}

func (p *process) rss() (float64, error) {
	mib, err := p.client.ask("rss")
	return mib, p.explain(err)
}

func (p *process) close() {
	p.stdin.Close()
	_ = p.cmd.Wait() // what it did was measured before
}

// explain ends a process that failed and adds the last it said to the error.
func (p *process) explain(err error) error {
	if err == nil {
		return nil
	}
	p.stdin.Close()
	exit := p.cmd.Wait()
	if said := p.stderr.lastLine(); said != "" {
		return fmt.Errorf("%w (%s)", err, said)
	}
	if exit != nil {
		return fmt.Errorf("%w (%w)", err, exit)
	}
	return err
}

// tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	const keep = 4 << 10
	t.text = append(t.text, p...)
	t.text = t.text[max(0, len(t.text)-keep):]
	return len(p), nil
}

func (t *tail) lastLine() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// onceRunner starts a process for each iteration.
type onceRunner struct {
	ctx context.Context
	c   contender
}

func (r *onceRunner) about() about {
	return about{Peer: filepath.Base(r.c.argv[0]) + " " + strings.Join(r.c.argv[1:3], " "), Cases: []string{"startup"}}
}

func (r *onceRunner) run(string) (float64, error) {
	cmd := r.c.command(r.ctx)
	var stderr tail
	cmd.Stderr = &stderr
	start := time.Now()
	err := cmd.Run()
	ms := time.Since(start).Seconds() * 1e3
	if err != nil {
		return 0, fmt.Errorf("%w (%s)", err, stderr.lastLine())
	}
	return ms, nil
}

func (r *onceRunner) rss() (float64, error) { return 0, nil }
func (r *onceRunner) close()                {}
