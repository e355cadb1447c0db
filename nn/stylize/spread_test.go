package stylize_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/stylize"
	"github.com/impasto-go/impasto/nn/temporal"
	"github.com/impasto-go/impasto/tensor/backend/reference"
)

func spreadModel(t *testing.T) *stylize.Model {
	model, err := stylize.New(weightsOf([3]int{4, 16, 32}, 2))
	require.NoError(t, err)
	return model
}

// TestSpread runs frames in portions: to the bit the results of StylizeRGBA, with
// every number of portions, in one piece and in tiles.
func TestSpread(t *testing.T) {
	model := spreadModel(t)
	const w, h, stride = 90, 70, 4*90 + 12
	for _, memory := range []int64{0, 1 << 20} {
		plain := model.NewSession(stylize.Memory(memory))
		defer plain.Close()
		for _, portions := range []int{1, 2, 3, 4, 7, 30} {
			session := model.NewSession(stylize.Threads(1+portions%3), stylize.Memory(memory))
			defer session.Close()
			spread, err := session.NewSpread(w, h, portions)
			require.NoError(t, err)
			for frame := range 3 {
				src := rgba(scene(w, h), stride)
				for i := range src {
					src[i] += byte(frame * (1 + i%7))
				}
				want, got := make([]byte, len(src)), make([]byte, len(src))
				require.NoError(t, plain.StylizeRGBA(want, src, w, h, stride))
				require.NoError(t, spread.Begin(got, src, stride))
				for i := range src {
					src[i] = 0 // it was copied
				}
				for i := range portions {
					done, err := spread.Step()
					require.NoError(t, err)
					require.Equal(t, i == portions-1, done, "portion %d of %d", i, portions)
				}
				require.Equal(t, want, got)
				_, err = spread.Step()
				require.ErrorContains(t, err, "no frame")
			}
			require.NoError(t, spread.Close())
			// The session is the caller's again.
			src := rgba(scene(w, h), stride)
			want := make([]byte, len(src))
			require.NoError(t, plain.StylizeRGBA(want, src, w, h, stride))
			require.NoError(t, session.StylizeRGBA(src, src, w, h, stride))
			require.Equal(t, want, src)
		}
	}
}

// TestSpreadCancel abandons passes in all portions, and changes settings between
// passes; what follows is as it should be.
func TestSpreadCancel(t *testing.T) {
	model := spreadModel(t)
	const w, h = 64, 52
	session, plain := model.NewSession(), model.NewSession()
	defer session.Close()
	defer plain.Close()
	spread, err := session.NewSpread(w, h, 4)
	require.NoError(t, err)
	src := rgba(scene(w, h), 4*w)
	want, got := make([]byte, len(src)), make([]byte, len(src))
	compare := func(steps int) {
		require.NoError(t, plain.StylizeRGBA(want, src, w, h, 4*w))
		require.NoError(t, spread.Begin(got, src, 4*w))
		done, n := false, 0
		for ; !done; n++ {
			done, err = spread.Step()
			require.NoError(t, err)
		}
		require.Equal(t, want, got)
		require.Equal(t, steps, n)
	}
	for portions := range 4 {
		require.NoError(t, spread.Begin(got, src, 4*w))
		for range portions {
			_, err := spread.Step()
			require.NoError(t, err)
		}
		if portions%2 == 0 {
			spread.Cancel()
		}
		compare(4)
	}
	session.Strength, plain.Strength = 0, 0 // no network at all
	compare(1)
	session.Strength, plain.Strength = 0.5, 0.5
	compare(1) // and so it has to be measured again
	compare(4)
	frame := func() {
		require.NoError(t, spread.Begin(got, src, 4*w))
		for range 4 {
			_, _ = spread.Step()
		}
	}
	require.Zero(t, testing.AllocsPerRun(5, frame))
	session.Strength = 2
	require.NoError(t, spread.Begin(got, src, 4*w))
	_, err = spread.Step()
	require.ErrorContains(t, err, "strength")
	session.Strength = 1
	plain.Strength = 1
	compare(1)
	compare(4)
	require.NoError(t, spread.Close())
}

func TestSpreadErrors(t *testing.T) {
	model := spreadModel(t)
	session := model.NewSession()
	defer session.Close()
	for _, n := range [][3]int{{0, 8, 2}, {8, -1, 2}, {8, 8, 0}, {1 << 20, 1 << 20, 2}} {
		_, err := session.NewSpread(n[0], n[1], n[2])
		require.ErrorContains(t, err, "stylize: ")
	}
	spread, err := session.NewSpread(16, 12, 2)
	require.NoError(t, err)
	require.Error(t, spread.Begin(make([]byte, 10), make([]byte, 4*16*12), 4*16))
	require.Error(t, spread.Begin(make([]byte, 4*16*12), make([]byte, 10), 4*16))
	require.NoError(t, spread.Close())
	other := model.NewSession(stylize.On(reference.New()))
	_, err = other.NewSpread(16, 12, 2)
	require.ErrorContains(t, err, "cannot spread")
	_, err = session.NewLoop(16, 12, temporal.LoopOptions{Every: -1})
	require.Error(t, err)
	_, err = session.NewLoop(0, 12, temporal.LoopOptions{})
	require.Error(t, err)
}

// TestLoop compares a loop with what its options say, spelled out.
func TestLoop(t *testing.T) {
	model := spreadModel(t)
	const w, h = 48, 36
	motion := make([]float32, 2*w*h)
	for i := range motion {
		motion[i] = 0.75
	}
	f := temporal.Frame{Motion: motion}
	drawn := func(n int) []byte {
		p := rgba(scene(w, h), 4*w)
		for i := range p {
			p[i] += byte(n * (1 + i%5))
		}
		return p
	}
	styled := func(n int) []byte {
		session := model.NewSession()
		defer session.Close()
		p := drawn(n)
		require.NoError(t, session.StylizeRGBA(p, p, w, h, 4*w))
		return p
	}
	const frames, cut = 16, 11
	for _, o := range []temporal.LoopOptions{
		{},
		{Options: temporal.Options{Keep: 0.8}},
		{Options: temporal.Options{Keep: 0.8}, Every: 4},
		{Options: temporal.Options{Keep: 0.8}, Every: 4, Spread: true},
	} {
		session := model.NewSession()
		defer session.Close()
		loop, err := session.NewLoop(w, h, o)
		require.NoError(t, err)
		layer := temporal.New(w, h, o.Options)
		defer layer.Close()
		every, first := max(o.Every, 1), 0
		for n := range frames {
			if n == cut {
				loop.Cut()
				layer.Cut()
				first = n
			}
			want := drawn(n)
			k := n - first // since the cut
			switch {
			case k == 0 || !o.Spread && k%every == 0:
				require.NoError(t, layer.Add(want, styled(n), 4*w, f))
			case o.Spread && k%every == 0: // done, begun three frames ago
				require.NoError(t, layer.AddMarked(want, styled(n-every+1), 4*w, f))
			default:
				require.NoError(t, layer.Move(want, 4*w, f))
				if o.Spread && k%every == 1 {
					layer.Mark()
				}
			}
			got := drawn(n)
			require.NoError(t, loop.Frame(got, 4*w, f))
			require.Equal(t, want, got, "%+v, frame %d", o, n)
		}
		p := drawn(0)
		require.Zero(t, testing.AllocsPerRun(8, func() { _ = loop.Frame(p, 4*w, f) }))
		require.Error(t, loop.Frame(p[:5], 4*w, f))
		require.NoError(t, loop.Close())
	}
}
