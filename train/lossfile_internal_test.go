package train

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLossFileStops writes nothing after a row that failed, not to hide it.
func TestLossFileStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "losses.csv")
	l, err := openLosses(path, 0)
	require.NoError(t, err)
	sound := l.file
	require.NoError(t, l.add(1, 1, 4, &Losses{}))
	l.file, err = os.Open(path) // not for writing
	require.NoError(t, err)
	first := l.add(2, 1, 8, &Losses{})
	require.Error(t, first)
	require.NoError(t, l.close())
	l.file = sound
	require.Equal(t, first, l.add(3, 1, 12, &Losses{}))
	require.NoError(t, l.close())
	rows, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, lossHeader+"1,1,4,0,0,0\n", string(rows))
}

// FuzzLossFile cuts arbitrary files. What is accepted keeps its beginning and ends
// with a row up to the step; a file that holds no losses stays as it is.
func FuzzLossFile(f *testing.F) {
	f.Add([]byte(""), 0)
	f.Add([]byte("step,ep"), 3)
	f.Add([]byte("a photograph"), 1)
	f.Add([]byte(lossHeader+"1,1,4,0.5,0.25,0.75\n2,1,8,0.5,0.25,0.75\n3,1"), 1)
	path := filepath.Join(f.TempDir(), "losses.csv")
	f.Fuzz(func(t *testing.T, before []byte, step int) {
		require.NoError(t, os.WriteFile(path, before, 0o666))
		l, err := openLosses(path, step)
		var after []byte
		if err == nil {
			require.NoError(t, l.add(step+1, 1, 4, &Losses{}))
			require.NoError(t, l.close())
		}
		after, readErr := os.ReadFile(path)
		require.NoError(t, readErr)
		if err != nil {
			require.Equal(t, before, after)
			return
		}
		header, rows, _ := bytes.Cut(after, []byte("\n"))
		require.Equal(t, lossHeader, string(header)+"\n")
		old := bytes.TrimPrefix(before, []byte(lossHeader))
		last := bytes.LastIndexByte(bytes.TrimSuffix(rows, []byte("\n")), '\n') + 1
		require.True(t, bytes.HasPrefix(old, rows[:last]), "rows that were not there")
	})
}
