package loopback

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// pipeListener hands out connections.
type pipeListener struct{ conns []*testConn }

func (l *pipeListener) Accept() (net.Conn, error) {
	c := &testConn{}
	l.conns = append(l.conns, c)
	return c, nil
}
func (l *pipeListener) Close() error   { return nil }
func (l *pipeListener) Addr() net.Addr { return nil }

type testConn struct {
	net.Conn
	closed int
}

func (c *testConn) Close() error {
	c.closed++
	return nil
}

// TestWhoGoes: who has not behaved goes first, in the order of coming; of those who
// have, the one who was quiet for longest.
func TestWhoGoes(t *testing.T) {
	l := &pipeListener{}
	c := newCrowd(l, 4)
	var guests []*guest
	enter := func() {
		conn, err := c.Accept()
		require.NoError(t, err)
		guests = append(guests, conn.(*guest))
	}
	closed := func() (which []int) {
		for i, conn := range l.conns {
			if conn.closed > 0 {
				which = append(which, i)
			}
		}
		return which
	}
	for range 4 {
		enter()
	}
	guests[0].behave()
	guests[2].behave()
	require.Empty(t, closed())
	enter()
	require.Equal(t, []int{1}, closed())
	enter()
	require.Equal(t, []int{1, 3}, closed())
	enter() // takes the place of 4, the oldest of 4 and 5
	require.Equal(t, []int{1, 3, 4}, closed())
	guests[5].behave()
	guests[6].behave()
	guests[0].behave()
	enter() // all have behaved: 2 was quiet for longest
	require.Equal(t, []int{1, 2, 3, 4}, closed())
	require.NoError(t, guests[7].Close())
	enter()
	require.Equal(t, []int{1, 2, 3, 4, 7}, closed(), "there was room")
	guests[1].behave() // too late, and harmless
	require.NoError(t, guests[1].Close())
	require.Len(t, c.order, 4)
}

// TestRate: after the burst, connections are let in at the rate, whatever comes.
func TestRate(t *testing.T) {
	c := newCrowd(&pipeListener{}, 4)
	var waited time.Duration
	c.wait = func(d time.Duration) { waited += d }
	now := c.paid
	for range acceptBurst {
		c.slow(now)
	}
	require.Zero(t, waited)
	for range 3 * acceptRate {
		before := waited
		c.slow(now)
		now = now.Add(waited - before)
	}
	require.InDelta(t, 3, waited.Seconds(), 0.1)
	waited = 0
	c.slow(now.Add(time.Hour))
	require.Zero(t, waited, "a quiet hour pays for all")
}
