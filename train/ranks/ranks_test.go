package ranks

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// each runs f as every member of a Group of n.
func each(n int, f func(m *Member)) {
	var all sync.WaitGroup
	for _, m := range InProcess(n) {
		all.Go(func() { f(m) })
	}
	all.Wait()
}

// TestSums adds numbers of which any other order than that of a binary tree makes
// another sum, twice over, on Groups of sizes that are powers of two and others.
func TestSums(t *testing.T) {
	const big = 1 << 24 // which 1 vanishes beside
	for _, c := range []struct{ values, want []float32 }{
		{[]float32{5}, []float32{5}},
		{[]float32{big, 1}, []float32{big}},
		{[]float32{big, 1, 1}, []float32{big}},
		{[]float32{1, 1, big}, []float32{big + 2}},
		{[]float32{big, 1, 1, 1}, []float32{big + 2}},       // (a+b) + (c+d)
		{[]float32{1, big, 1, -big, 1}, []float32{2}},       // ((a+b) + (c+d)) + e
		{[]float32{big, 1, 1, 1, 1, 1}, []float32{big + 4}}, // ((a+b) + (c+d)) + (e+f)
	} {
		n := len(c.values)
		got := make([][]float32, n)
		each(n, func(m *Member) {
			for range 2 {
				v := []float32{c.values[m.Rank()], float32(m.Rank())}
				if err := m.AllReduce(v); err != nil {
					return
				}
				got[m.Rank()] = v
			}
		})
		for _, v := range got {
			require.Equal(t, []float32{c.want[0], float32(n * (n - 1) / 2)}, v, "%v", c.values)
		}
	}
}

// TestShares gives the bytes of one to all, and the texts of all.
func TestShares(t *testing.T) {
	const n = 3
	long := strings.Repeat("x", maxText+1)
	var shared [n][]byte
	var none [n][]byte
	var texts [n][]string
	var failed [n]error
	each(n, func(m *Member) {
		mine := fmt.Sprint("rank ", m.Rank())
		b, err := Share(m, 1, []byte(mine))
		shared[m.Rank()] = b
		empty, e := Share(m, 2, []byte(mine)[:6*(n-1-m.Rank())/(n-1)])
		none[m.Rank()] = empty
		if m.Rank() == 1 {
			mine = long
		}
		all, last := Texts(m, mine)
		texts[m.Rank()] = all
		failed[m.Rank()] = errors.Join(err, e, last, m.Barrier())
	})
	for rank := range n {
		require.NoError(t, failed[rank])
		require.Equal(t, "rank 1", string(shared[rank]))
		require.Empty(t, none[rank])
		require.Equal(t, []string{"rank 0", long[:maxText], "rank 2"}, texts[rank])
	}
}

// TestAgree: the error of the lowest rank is known to all, and everyone keeps its own.
func TestAgree(t *testing.T) {
	own := errors.New("out of paint")
	require.NoError(t, Agree(One{}, nil))
	require.Same(t, own, Agree(One{}, own))
	for _, c := range [][]bool{{false, true}, {false, false, false}, {false, true, false}, {false, true, true}, {true, false, true}} {
		lowest := -1
		errs := make([]error, len(c))
		each(len(c), func(m *Member) {
			var err error
			if c[m.Rank()] {
				err = own
			}
			errs[m.Rank()] = Agree(m, err)
			if e := m.Barrier(); e != nil { // all are at the same place afterwards
				errs[m.Rank()] = e
			}
		})
		for rank, has := range c {
			if has && lowest < 0 {
				lowest = rank
			}
		}
		for rank, has := range c {
			switch {
			case lowest < 0:
				require.NoError(t, errs[rank])
			case has:
				require.Same(t, own, errs[rank])
			default:
				require.Equal(t, &RankError{lowest, "out of paint"}, errs[rank])
				require.EqualError(t, errs[rank], fmt.Sprintf("rank %d: out of paint", lowest))
			}
		}
	}
}

// TestLeave fails what waits for a member that is gone, and all that comes later.
func TestLeave(t *testing.T) {
	members := InProcess(3)
	waits := make(chan error)
	go func() { waits <- members[0].Barrier() }()
	for waiting := false; !waiting; runtime.Gosched() {
		members[2].mu.Lock()
		waiting = members[2].here == 1
		members[2].mu.Unlock()
	}
	members[2].Leave()
	err := <-waits
	require.ErrorIs(t, err, ErrLeft)
	require.ErrorContains(t, err, "rank 2")
	require.ErrorIs(t, members[1].AllReduce([]float32{1}), ErrLeft)
	require.ErrorIs(t, members[1].Broadcast(1, []byte{1}), ErrLeft)
	_, err = Share(members[1], 1, []byte{1})
	require.ErrorIs(t, err, ErrLeft)
	_, err = Texts(members[1], "a")
	require.ErrorIs(t, err, ErrLeft)
	require.ErrorIs(t, Agree(members[1], nil), ErrLeft)
	own := errors.New("out of paint")
	require.Same(t, own, Agree(members[1], own))
}

// TestOne changes nothing and has nobody to wait for.
func TestOne(t *testing.T) {
	values, data := []float32{1, 2}, []byte{3}
	require.NoError(t, One{}.AllReduce(values))
	require.NoError(t, One{}.Broadcast(0, data))
	require.NoError(t, One{}.Barrier())
	require.Equal(t, []float32{1, 2}, values)
	require.Equal(t, []byte{3}, data)
	require.Equal(t, [2]int{0, 1}, [2]int{One{}.Rank(), One{}.Size()})
	for i, m := range InProcess(2) {
		require.Equal(t, [2]int{i, 2}, [2]int{m.Rank(), m.Size()})
	}
}
