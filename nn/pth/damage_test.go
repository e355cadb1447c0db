package pth

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/statedict"
)

var damagedFixtures = []string{"zip.pth", "views.pth", "half.pth", "deflated.pth", "batchnorm.pth"}

func fixture(t testing.TB, name string) []byte {
	file, err := os.ReadFile(filepath.Join("testdata", name))
	require.NoError(t, err)
	return file
}

// readBounded reads file, within the memory bound and with an error of a known kind.
func readBounded(t testing.TB, file []byte) (statedict.Dict, error) {
	var d statedict.Dict
	var err error
	damagetest.Bounded(t, len(file), func() { d, err = Read(bytes.NewReader(file), int64(len(file))) })
	if err != nil {
		require.True(t, refused(t, err))
	}
	return d, err
}

// requireIntact requires that damaged is refused or reads as want: with the
// checksums of the zip container no change of the weights goes unnoticed.
func requireIntact(t *testing.T, want statedict.Dict, damaged []byte) {
	got, err := readBounded(t, damaged)
	if err == nil {
		requireEqual(t, want, got)
	}
}

func TestTruncated(t *testing.T) {
	files := map[string][]byte{"large": write(t, sample())}
	for _, name := range append(damagedFixtures, "legacy.pth", "views_legacy.pth") {
		files[name] = fixture(t, name)
	}
	for name, file := range files {
		for _, n := range damagetest.Truncations(len(file)) {
			_, err := readBounded(t, file[:n])
			require.ErrorIs(t, err, ErrCorrupt, "%s cut at %d", name, n)
		}
		_, err := readBounded(t, file)
		require.NoError(t, err, name)
	}
}

func TestFlipped(t *testing.T) {
	for _, name := range damagedFixtures {
		file := fixture(t, name)
		want, err := readBounded(t, file)
		require.NoError(t, err)
		refusals := 0
		damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) {
			got, err := readBounded(t, damaged)
			if err == nil {
				requireEqual(t, want, got)
			} else {
				refusals++
			}
		})
		require.NotZero(t, refusals, name)
	}
}

func TestMutated(t *testing.T) {
	for _, name := range damagedFixtures {
		file := fixture(t, name)
		want, err := readBounded(t, file)
		require.NoError(t, err)
		damagetest.Mutations(file, func(damaged []byte) { requireIntact(t, want, damaged) })
	}
}

// TestDamagedUnchecked damages what no checksum protects: the legacy container,
// and pickles packed with valid checksums. Reading must stay sound; what it
// returns may differ.
func TestDamagedUnchecked(t *testing.T) {
	for _, name := range []string{"legacy.pth", "views_legacy.pth"} {
		file := fixture(t, name)
		damagetest.Flips(file, 0, len(file), func(at int, damaged []byte) { readBounded(t, damaged) })
		damagetest.Mutations(file, func(damaged []byte) { readBounded(t, damaged) })
	}
	pickle := valid().pickle()
	damagetest.Flips(pickle, 0, len(pickle), func(at int, damaged []byte) {
		readBounded(t, zipFile(t, damaged, zip.Store))
	})
	damagetest.Mutations(pickle, func(damaged []byte) {
		readBounded(t, zipFile(t, damaged, zip.Store))
	})
}

// TestFlippedWeight: a single changed bit among the weights is noticed.
func TestFlippedWeight(t *testing.T) {
	file := write(t, sample())
	for _, at := range []int{len(file) / 2, len(file) / 3} {
		file[at] ^= 1
		_, err := readBounded(t, file)
		require.ErrorIs(t, err, ErrCorrupt)
		require.ErrorContains(t, err, "archive/data/0")
		file[at] ^= 1
	}
	_, err := readBounded(t, file)
	require.NoError(t, err)
}
