package dataset

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/imageio"
)

// named is a Source whose pictures are told apart.
type named struct {
	Images
	name string
}

func (n named) Name(i int) string { return fmt.Sprintf("%s%d", n.name, i) }

func mixed(t *testing.T, weights ...float64) *Mix {
	t.Helper()
	var shares []Share
	for i, w := range weights {
		shares = append(shares, Share{named{drawn(5 + 8*i), string(rune('a' + i))}, w})
	}
	m, err := NewMix(shares...)
	require.NoError(t, err)
	return m
}

// TestMixKeepsProportions: every batch has three of one source and one of another, and
// each source is visited in its own order, pass after pass, across the epochs.
func TestMixKeepsProportions(t *testing.T) {
	m := mixed(t, 3, 1)
	require.Equal(t, 18, m.Len())
	for _, shuffle := range []bool{false, true} {
		batches, _ := all(t, m, Options{BatchSize: 4, ImageSize: 6, Epochs: 26, Shuffle: shuffle, Seed: 3})
		drawn := map[byte][]string{}
		for _, b := range batches {
			names := strings.Split(b.names, ",")
			if len(names) == 4 {
				require.Equal(t, 3, strings.Count(b.names, "a"), b.names)
			}
			for _, n := range names {
				drawn[n[0]] = append(drawn[n[0]], n)
			}
		}
		// 18 turns are 14 and 4: in 26 epochs 364 and 104, passes of 5 and of 13.
		require.Len(t, drawn['a'], 26*14)
		require.Len(t, drawn['b'], 26*4)
		for name, n := range map[byte]int{'a': 5, 'b': 13} {
			var inOrder []string
			for i := range n {
				inOrder = append(inOrder, fmt.Sprintf("%c%d", name, i))
			}
			orders := map[string]bool{}
			for pass := range slices.Chunk(drawn[name], n) {
				if len(pass) < n {
					continue
				}
				orders[fmt.Sprint(pass)] = true
				if shuffle {
					slices.Sort(pass)
					slices.Sort(inOrder)
				}
				require.Equal(t, inOrder, pass)
			}
			require.Equal(t, shuffle, len(orders) > 1)
		}
	}
}

// TestMixResumes: what begins at any batch, on any number of ranks, sees what the whole
// run saw there.
func TestMixResumes(t *testing.T) {
	m := mixed(t, 1, 2.5, 0.7)
	opts := Options{BatchSize: 4, ImageSize: 6, Epochs: 3, Shuffle: true, Seed: 9}
	want, _ := all(t, m, opts)
	per := Batches(m.Len(), 4)
	for _, at := range []int{1, per - 1, per, 2*per + 3} {
		o := opts
		o.StartEpoch, o.StartBatch = at/per, at%per
		got, _ := all(t, m, o)
		require.Equal(t, want[at:], got)
	}
	var parts [3][]summary
	for rank := range parts {
		o := opts
		o.Rank, o.Ranks = rank, len(parts)
		parts[rank], _ = all(t, m, o)
	}
	for i, w := range want {
		var names []string
		for _, p := range parts {
			if p[i].names != "" {
				names = append(names, p[i].names)
			}
		}
		require.Equal(t, w.names, strings.Join(names, ","))
	}
	other := opts
	other.Seed++
	got, _ := all(t, m, other)
	require.NotEqual(t, want, got)
}

// TestMixOfOne delivers what its source does.
func TestMixOfOne(t *testing.T) {
	for _, shuffle := range []bool{false, true} {
		opts := Options{BatchSize: 3, ImageSize: 6, Epochs: 3, Shuffle: shuffle, Seed: 5}
		want, _ := all(t, drawn(11), opts)
		m, err := NewMix(Share{drawn(11), 7})
		require.NoError(t, err)
		got, _ := all(t, m, opts)
		require.Equal(t, want, got)
	}
}

// TestMixOfBadPictures takes the next ones in their place, and counts each once.
func TestMixOfBadPictures(t *testing.T) {
	src := &faulty{Images: drawn(9), bad: func(i int) bool { return i == 4 || i == 8 }}
	m, err := NewMix(Share{src, 1}, Share{drawn(3), 1})
	require.NoError(t, err)
	batches, bad := all(t, m, Options{BatchSize: 4, ImageSize: 6, Epochs: 2})
	slices.Sort(bad)
	require.Equal(t, []int{4, 8}, bad)
	require.NotContains(t, fmt.Sprint(batches), "image 8")
}

func TestMixErrors(t *testing.T) {
	for _, shares := range [][]Share{
		nil, {{drawn(3), 0}}, {{drawn(3), -1}}, {{drawn(3), math.Inf(1)}}, {{drawn(3), math.NaN()}}, {{drawn(3), 1}, {Images{}, 1}}, {{drawn(3), 1}, {drawn(3), 1e-3}},
		{{sized{drawn(3), 8}, 1}, {sized{drawn(3), 9}, 1}}, {{mixOf(t, drawn(3)), 1}},
	} {
		_, err := NewMix(shares...)
		require.Error(t, err)
	}
	m, err := NewMix(Share{sized{drawn(3), 8}, 1}, Share{drawn(3), 1})
	require.NoError(t, err)
	require.Equal(t, 8, m.Size())
	_, err = NewLoader(m, Options{ImageSize: 9})
	require.ErrorContains(t, err, "8 pixels")
}

type sized struct {
	Images
	size int
}

func (s sized) Size() int { return s.size }

// closing is a Source that is closed with an error of its own.
type closing struct {
	Images
	err error
}

func (c closing) Close() error { return c.err }

// TestMixCloses closes each source that can be closed, whatever the others say.
func TestMixCloses(t *testing.T) {
	first, last := errors.New("first"), errors.New("last")
	m, err := NewMix(Share{closing{drawn(3), first}, 1}, Share{drawn(3), 1}, Share{closing{drawn(3), last}, 1})
	require.NoError(t, err)
	for _, src := range []Source{m, Mirrored(m)} {
		err = src.(io.Closer).Close()
		require.ErrorIs(t, err, first)
		require.ErrorIs(t, err, last)
	}
	require.NoError(t, mixOf(t, drawn(3)).Close())
	require.NoError(t, Mirrored(drawn(3)).(io.Closer).Close())
}

func TestMixFingerprint(t *testing.T) {
	a, b, c := mixed(t, 3, 1), mixed(t, 3, 1), mixed(t, 3, 2)
	require.Equal(t, Fingerprint(a), Fingerprint(b))
	require.NotEqual(t, Fingerprint(a), Fingerprint(c))
	require.Len(t, a.Shares(), 2)
}

// TestMirrored: the second half is the first with its columns in reverse, whether the
// pictures are files, which are changed in place, or shared, which are not.
func TestMirrored(t *testing.T) {
	images := drawn(4)
	dir := t.TempDir()
	for i, m := range images {
		require.NoError(t, imageio.Save(filepath.Join(dir, fmt.Sprintf("%d.png", i)), m, imageio.SaveOptions{}))
	}
	files, err := Open(dir, imageio.Options{})
	require.NoError(t, err)
	for _, src := range []Source{images, files, mixOf(t, images)} {
		m := Mirrored(src)
		require.Equal(t, 8, m.Len())
		for range 2 {
			for i := range 4 {
				plain, err := m.Load(i)
				require.NoError(t, err)
				require.Equal(t, images[i].Pix, plain.Pix)
				turned, err := m.Load(4 + i)
				require.NoError(t, err)
				for y := range plain.H {
					for x := range plain.W {
						require.Equal(t, plain.Pix[3*(y*plain.W+x):][:3], turned.Pix[3*(y*plain.W+plain.W-1-x):][:3])
					}
				}
			}
		}
		require.Equal(t, m.Name(1)+" (mirrored)", m.Name(5))
		require.NotEqual(t, Fingerprint(src), Fingerprint(m))
	}
	twice := Mirrored(mixed(t, 3, 1)).(*Mix)
	require.Equal(t, 36, twice.Len())
	require.Equal(t, 3.0, twice.Shares()[0].Weight)
	require.NoError(t, os.Remove(filepath.Join(dir, "2.png")))
	_, err = Mirrored(files).Load(6)
	require.Error(t, err)
	_, err = NewLoader(Mirrored(sized{images, 8}), Options{ImageSize: 9})
	require.ErrorContains(t, err, "8 pixels")
}

func mixOf(t *testing.T, src Source) *Mix {
	m, err := NewMix(Share{src, 1})
	require.NoError(t, err)
	return m
}

// TestMixShufflesApart: sources of one size are not visited in one order.
func TestMixShufflesApart(t *testing.T) {
	m, err := NewMix(Share{named{drawn(16), "a"}, 1}, Share{named{drawn(16), "b"}, 1})
	require.NoError(t, err)
	batches, _ := all(t, m, Options{BatchSize: 4, ImageSize: 6, Epochs: 1, Shuffle: true, Seed: 3})
	order := map[byte]string{}
	for _, b := range batches {
		for _, name := range strings.Split(b.names, ",") {
			order[name[0]] += name[1:] + " "
		}
	}
	require.NotEqual(t, order['a'], order['b'])
}

// TestMirroredLetsGo: of a copy that is mirrored, the original is not held.
func TestMirroredLetsGo(t *testing.T) {
	src := &counted{Images: drawn(2)}
	m := Mirrored(src).(*mirrored)
	for i := range m.Len() {
		_, done, err := m.hold(i)
		require.NoError(t, err)
		done()
		require.Zero(t, src.held.Load(), i)
	}
}
