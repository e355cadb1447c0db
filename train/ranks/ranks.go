// Package ranks lets several processes train one network: a Group is what they agree
// through. Its implementations are One, for a process alone, InProcess, for tests and
// for programs that keep several backends busy, and package train/mpi, for processes
// on one or many machines.
package ranks

import (
	"errors"
	"fmt"
	"sync"
)

// Group is a member of a number of processes that do the same in turn. All members
// must call the same methods in the same order, with slices of the same lengths. Its
// methods are for one goroutine at a time. After an error the Group is of no use.
type Group interface {
	// Rank returns this member's number, from 0.
	Rank() int
	// Size returns the number of members.
	Size() int
	// AllReduce replaces values by their sums over all members, on all of them the
	// same bits. The order of the additions depends on the size of the Group and the
	// number of values alone, never on timing.
	AllReduce(values []float32) error
	// Broadcast sets data to what it is on the member root.
	Broadcast(root int, data []byte) error
	// Barrier waits until all members have called it.
	Barrier() error
}

// One is a Group of one.
type One struct{}

// Rank implements Group.
func (One) Rank() int { return 0 }

// Size implements Group.
func (One) Size() int { return 1 }

// AllReduce implements Group.
func (One) AllReduce([]float32) error { return nil }

// Broadcast implements Group.
func (One) Broadcast(int, []byte) error { return nil }

// Barrier implements Group.
func (One) Barrier() error { return nil }

// ErrLeft is wrapped by the errors of a Group one of whose members is gone.
var ErrLeft = errors.New("a member has left")

// Member is a member of a Group within this process.
type Member struct {
	rank int
	*meeting
}

// meeting is where the members of a Group in one process meet.
type meeting struct {
	mu     sync.Mutex
	all    *sync.Cond
	round  int // of those that are over
	here   int
	values [][]float32
	data   [][]byte
	left   error
}

// InProcess returns the members of a Group of n goroutines.
func InProcess(n int) []*Member {
	m := &meeting{values: make([][]float32, n), data: make([][]byte, n)}
	m.all = sync.NewCond(&m.mu)
	members := make([]*Member, n)
	for i := range members {
		members[i] = &Member{i, m}
	}
	return members
}

// Rank implements Group.
func (m *Member) Rank() int { return m.rank }

// Size implements Group.
func (m *Member) Size() int { return len(m.values) }

// Leave tells the others that this member will never come again: what they wait for
// fails.
func (m *Member) Leave() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = fmt.Errorf("rank %d: %w", m.rank, ErrLeft)
	m.all.Broadcast()
}

// meet waits for all members, the last of which calls do.
func (m *meeting) meet(do func()) error {
	if m.left != nil {
		return m.left
	}
	if m.here++; m.here == len(m.values) {
		do()
		m.here = 0
		m.round++
		m.all.Broadcast()
		return nil
	}
	for round := m.round; m.round == round; {
		if m.left != nil {
			return m.left
		}
		m.all.Wait()
	}
	return nil
}

// AllReduce implements Group: a binary tree of sums, as high as it must be.
func (m *Member) AllReduce(values []float32) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[m.rank] = values
	return m.meet(m.sum)
}

func (m *meeting) sum() {
	n := len(m.values)
	for apart := 1; apart < n; apart *= 2 {
		for i := 0; i+apart < n; i += 2 * apart {
			to, from := m.values[i], m.values[i+apart]
			for k := range to {
				to[k] += from[k]
			}
		}
	}
	for _, v := range m.values[1:] {
		copy(v, m.values[0])
	}
}

// Broadcast implements Group.
func (m *Member) Broadcast(root int, data []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[m.rank] = data
	return m.meet(func() {
		for _, d := range m.data {
			copy(d, m.data[root])
		}
	})
}

// Barrier implements Group.
func (m *Member) Barrier() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.meet(func() {})
}
