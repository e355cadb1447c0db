package powerloss

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/impasto-go/impasto/internal/need"
)

// calls are the system calls that are recorded.
const calls = "openat,write,pwrite64,lseek,ftruncate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat"

// Record runs a command to its end and returns the files in dir before it, and what it
// did to them and said on its standard output, in order. It needs strace, which sees
// what reaches the system whatever the program believes.
func Record(t testing.TB, dir string, cmd *exec.Cmd) (Disk, []Op) {
	t.Helper()
	before := Disk{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if before[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(t.TempDir(), "log")
	args := []string{"-f", "-qq", "--seccomp-bpf", "-xx", "-y", "-s", strconv.Itoa(1 << 24), "-e", "trace=" + calls, "-e", "signal=none", "-o", log, cmd.Path}
	traced := exec.Command(need.Tool(t, "strace"), append(args, cmd.Args[1:]...)...)
	traced.Env = cmd.Env
	if out, err := traced.CombinedOutput(); err != nil {
		if strings.Contains(string(out), "PTRACE") {
			need.Missing(t, "strace", "this system lets nobody trace: %s", out)
		}
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		t.Fatal(err)
	}
	ops, err := parse(string(text), dir, before)
	if err != nil {
		t.Fatal(err)
	}
	return before, ops
}

// parser follows the descriptors in the output of strace.
type parser struct {
	dir    string
	ops    []Op
	known  map[string]bool  // the files that are there
	offset map[string]int64 // of descriptors
	held   map[string]string
}

var (
	line   = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (-?\d+)`)
	number = regexp.MustCompile(`^\d+`)
)

// parse reads the output of strace.
func parse(text, dir string, before Disk) ([]Op, error) {
	p := &parser{dir: dir, known: map[string]bool{}, offset: map[string]int64{}, held: map[string]string{}}
	for name := range before {
		p.known[name] = true
	}
	for l := range strings.Lines(text) {
		l = strings.TrimRight(l, "\n")
		pid, _, _ := strings.Cut(l, " ")
		if before, ok := strings.CutSuffix(l, " <unfinished ...>"); ok {
			p.held[pid] = before
			continue
		}
		if _, after, ok := strings.Cut(l, " resumed>"); ok && strings.Contains(l, "<... ") {
			l = p.held[pid] + after
		}
		m := line.FindStringSubmatch(l)
		if m == nil || strings.HasPrefix(m[4], "-") {
			continue
		}
		if err := p.call(m[2], arguments(m[3]), m[4], l); err != nil {
			return nil, fmt.Errorf("powerloss: %w in %.200q", err, l)
		}
	}
	return p.ops, nil
}

// arguments splits at the commas between arguments; strings hold none, being hex.
func arguments(s string) []string { return strings.Split(s, ", ") }

func (p *parser) call(name string, args []string, result, line string) error {
	fd, file := descriptor(args[0])
	path, inside := p.below(file)
	switch name {
	case "openat":
		path, inside = p.below(unquote(args[1]))
		if !inside {
			return nil
		}
		p.offset[result] = 0
		if strings.Contains(args[2], "O_CREAT") && !p.known[path] {
			p.known[path] = true
			p.ops = append(p.ops, Op{Kind: Create, Path: path})
		}
		if strings.Contains(args[2], "O_TRUNC") {
			p.ops = append(p.ops, Op{Kind: Truncate, Path: path})
		}
		if strings.Contains(args[2], "O_APPEND") {
			return fmt.Errorf("O_APPEND is not understood")
		}
	case "write", "pwrite64":
		data := []byte(unquote(args[1]))
		if n, err := strconv.Atoi(result); err != nil || n != len(data) {
			return fmt.Errorf("%d bytes of %s", len(data), result)
		}
		if fd == "1" {
			p.ops = append(p.ops, Op{Kind: Say, Data: data})
		}
		if !inside {
			return nil
		}
		at := p.offset[fd]
		if name == "pwrite64" {
			var err error
			if at, err = strconv.ParseInt(args[3], 10, 64); err != nil {
				return err
			}
		} else {
			p.offset[fd] += int64(len(data))
		}
		p.ops = append(p.ops, Op{Kind: Write, Path: path, Offset: at, Data: data})
	case "lseek":
		n, err := strconv.ParseInt(result, 10, 64)
		p.offset[fd] = n
		return err
	case "ftruncate":
		n, err := strconv.ParseInt(args[1], 10, 64)
		if inside {
			p.ops = append(p.ops, Op{Kind: Truncate, Path: path, Offset: n})
		}
		return err
	case "fsync", "fdatasync":
		if inside {
			p.ops = append(p.ops, Op{Kind: Sync, Path: path})
		}
	case "rename", "renameat", "renameat2":
		from, to := args[0], args[1]
		if name != "rename" {
			from, to = args[1], args[3]
		}
		old, inside := p.below(unquote(from))
		if now, ok := p.below(unquote(to)); ok && inside {
			delete(p.known, old)
			p.known[now] = true
			p.ops = append(p.ops, Op{Kind: Rename, Path: old, To: now})
		}
	case "unlink", "unlinkat":
		of := args[0]
		if name == "unlinkat" {
			of = args[1]
		}
		if path, inside := p.below(unquote(of)); inside {
			delete(p.known, path)
			p.ops = append(p.ops, Op{Kind: Remove, Path: path})
		}
	}
	return nil
}

// below returns the path from the folder, if it is in it.
func (p *parser) below(full string) (string, bool) {
	if full == p.dir {
		return ".", true
	}
	rest, ok := strings.CutPrefix(full, p.dir+"/")
	return rest, ok
}

// descriptor splits `9</path>`, whose path may be in hex.
func descriptor(arg string) (fd, file string) {
	fd = number.FindString(arg)
	file = strings.TrimSuffix(strings.TrimPrefix(arg[len(fd):], "<"), ">")
	return fd, unescape(file)
}

func unquote(arg string) string { return unescape(strings.Trim(arg, `"`)) }

// unescape replaces \xNN.
func unescape(s string) string {
	digits := strings.ReplaceAll(s, `\x`, "")
	b, err := hex.DecodeString(digits)
	if err != nil || len(digits)*2 != len(s) {
		return s
	}
	return string(bytes.Clone(b))
}
