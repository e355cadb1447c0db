// Package powerloss helps to test that files survive a loss of power, in the way of
// SQLite's tests: it records what a program does to the files below a folder, cuts the
// record at every place, and makes every disk of which a test wants to know that it
// could be there afterwards. What was flushed is there; of what was not, any part may
// be, in any order.
package powerloss

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
)

// Kind is what was done.
type Kind int

// The kinds of an Op.
const (
	Create   Kind = iota // of an empty file at Path
	Write                // of Data at Offset
	Truncate             // to Offset bytes
	Rename               // of Path to To
	Remove               // of Path
	Sync                 // of the file, or of the names in the folder, at Path
	Say                  // Data on the standard output
)

// Op is one thing that a program did. Paths have slashes and begin at the folder,
// which itself is ".".
type Op struct {
	Kind     Kind
	Path, To string
	Offset   int64
	Data     []byte
}

// Disk is the content of the files by their paths.
type Disk map[string][]byte

// block is what a disk writes at once.
const block = 512

// inode is a file whatever its name.
type inode struct {
	before []byte // flushed before the record begins
	ops    []pending
}

// pending is an Op and whether it is known to have reached the disk.
type pending struct {
	Op
	flushed bool
	of      *inode // of the name, if it is an Op on a folder
}

// recording is the state of the files after a number of Ops.
type recording struct {
	before map[string]*inode
	live   map[string]*inode // as a program sees it
	names  []pending         // Ops on folders
	inodes []*inode
	said   []byte
}

func newRecording(before Disk) *recording {
	r := &recording{before: map[string]*inode{}}
	for _, p := range slices.Sorted(maps.Keys(before)) {
		i := &inode{before: before[p]}
		r.before[p] = i
		r.inodes = append(r.inodes, i)
	}
	r.live = maps.Clone(r.before)
	return r
}

// add does an Op.
func (r *recording) add(op Op) error {
	i := r.live[op.Path]
	if i == nil && (op.Kind == Write || op.Kind == Truncate || op.Kind == Rename || op.Kind == Remove) {
		return fmt.Errorf("powerloss: %v of %s, which is not there", op.Kind, op.Path)
	}
	switch op.Kind {
	case Create:
		i = &inode{}
		r.inodes = append(r.inodes, i)
		r.live[op.Path] = i
		r.names = append(r.names, pending{Op: op, of: i})
	case Write, Truncate:
		i.ops = append(i.ops, pending{Op: op})
	case Rename:
		delete(r.live, op.Path)
		r.live[op.To] = i
		r.names = append(r.names, pending{Op: op, of: i})
	case Remove:
		delete(r.live, op.Path)
		r.names = append(r.names, pending{Op: op, of: i})
	case Sync:
		if i != nil {
			flush(i.ops)
			break
		}
		for k := range r.names {
			if path.Dir(r.names[k].Path) == op.Path {
				r.names[k].flushed = true
			}
		}
	case Say:
		r.said = append(r.said, op.Data...)
	}
	return nil
}

func flush(ops []pending) {
	for k := range ops {
		ops[k].flushed = true
	}
}

// unflushed counts the Ops that may or may not have reached the disk.
func (r *recording) unflushed() (n int) {
	count := func(ops []pending) {
		for _, op := range ops {
			if !op.flushed {
				n++
			}
		}
	}
	count(r.names)
	for _, i := range r.inodes {
		count(i.ops)
	}
	return n
}

// disk returns what is there if of the unflushed Ops those have reached the disk for
// which has returns true, of those for which torn does only some blocks.
func (r *recording) disk(has func(n int) bool, torn func(n int) bool, rng *rand.Rand) Disk {
	n := -1
	names := maps.Clone(r.before)
	for _, op := range r.names {
		if !op.flushed {
			if n++; !has(n) {
				continue
			}
		}
		switch op.Kind {
		case Create:
			names[op.Path] = op.of
		case Rename:
			if names[op.Path] == op.of {
				delete(names, op.Path)
			}
			names[op.To] = op.of
		case Remove:
			if names[op.Path] == op.of {
				delete(names, op.Path)
			}
		}
	}
	contents := map[*inode][]byte{}
	for _, i := range r.inodes {
		b := slices.Clone(i.before)
		for _, op := range i.ops {
			part := false
			if !op.flushed {
				if n++; !has(n) {
					continue
				}
				part = torn(n)
			}
			b = apply(b, op.Op, part, rng)
		}
		contents[i] = b
	}
	d := Disk{}
	for p, i := range names {
		d[p] = contents[i]
	}
	return d
}

// apply does an Op to the content of a file, in part only the blocks that fate picks.
func apply(b []byte, op Op, part bool, rng *rand.Rand) []byte {
	end := op.Offset + int64(len(op.Data))
	if op.Kind == Truncate && int64(len(b)) > op.Offset {
		return b[:op.Offset]
	}
	if grow := end - int64(len(b)); grow > 0 {
		b = append(b, make([]byte, grow)...)
	}
	for at := op.Offset; at < end; {
		to := min(end, (at/block+1)*block)
		if !part || rng.IntN(2) == 0 {
			copy(b[at:to], op.Data[at-op.Offset:])
		}
		at = to
	}
	return b
}

// Crashes calls check with the disks that may be there after a loss of power, each
// once, and with what the program had said until then: for every beginning of ops,
// with nothing of what was not flushed, all of it, all but one Op, only one, and random
// parts. It stops with the first error of check.
func Crashes(before Disk, ops []Op, check func(said string, d Disk) error) error {
	rng := rand.New(rand.NewPCG(1, 2))
	r := newRecording(before)
	seen := map[[sha256.Size]byte]bool{}
	try := func(has, torn func(int) bool) error {
		d := r.disk(has, torn, rng)
		key := d.key(r.said)
		if seen[key] {
			return nil
		}
		seen[key] = true
		return check(string(r.said), d)
	}
	all, none := func(int) bool { return true }, func(int) bool { return false }
	chance := func(int) bool { return rng.IntN(2) == 0 }
	for k := range len(ops) + 1 {
		if k > 0 {
			if err := r.add(ops[k-1]); err != nil {
				return err
			}
		}
		n := r.unflushed()
		cases := [][2]func(int) bool{{none, none}, {all, none}, {all, all}}
		for i := range n {
			only := func(n int) bool { return n == i }
			cases = append(cases, [2]func(int) bool{only, none}, [2]func(int) bool{func(n int) bool { return n != i }, none}, [2]func(int) bool{all, only})
		}
		for range min(n, 4) {
			cases = append(cases, [2]func(int) bool{chance, chance})
		}
		for _, c := range cases {
			if err := try(c[0], c[1]); err != nil {
				return fmt.Errorf("after %d of %d operations: %w", k, len(ops), err)
			}
		}
	}
	return nil
}

func (d Disk) key(said []byte) (key [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintf(h, "%q", said)
	for _, p := range slices.Sorted(maps.Keys(d)) {
		fmt.Fprintf(h, "%q %d ", p, len(d[p]))
		h.Write(d[p])
	}
	h.Sum(key[:0])
	return key
}
