package train

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const tutorialHeader = "step,epoch,images,content,style,total\n"

var noLosses = Losses{Terms: []Loss{{Name: "content"}, {Name: "style"}}}

// TestLossHeader keeps the columns that files have had from the beginning.
func TestLossHeader(t *testing.T) {
	require.Equal(t, tutorialHeader, lossHeader(noLosses.Terms))
}

// TestLossFileStops writes nothing after a row that failed, not to hide it.
func TestLossFileStops(t *testing.T) {
	path := filepath.Join(t.TempDir(), "losses.csv")
	l, err := openLosses(path, tutorialHeader, 0)
	require.NoError(t, err)
	sound := l.file
	require.NoError(t, l.add(1, 1, 4, &noLosses))
	l.file, err = os.Open(path) // not for writing
	require.NoError(t, err)
	first := l.add(2, 1, 8, &noLosses)
	require.Error(t, first)
	require.NoError(t, l.close())
	l.file = sound
	require.Equal(t, first, l.add(3, 1, 12, &noLosses))
	require.NoError(t, l.close())
	rows, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, tutorialHeader+"1,1,4,0,0,0\n", string(rows))
}

// FuzzLossFile looks for the end of the rows in arbitrary files, that is, for what
// a resumed run keeps of them: the header and all the rows up to the step.
func FuzzLossFile(f *testing.F) {
	f.Add([]byte(""), 0)
	f.Add([]byte("step,ep"), 3)
	f.Add([]byte("a photograph"), 1)
	f.Add([]byte(tutorialHeader+"1,1,4,0.5,0.25,0.75\n2,1,8,0.5,0.25,0.75\n3,1"), 1)
	f.Fuzz(func(t *testing.T, file []byte, step int) {
		end, err := endOfRows(bytes.NewReader(file), tutorialHeader, step)
		text := string(file)
		rows, headed := strings.CutPrefix(text, tutorialHeader)
		if !headed {
			require.Zero(t, end)
			require.Equal(t, strings.HasPrefix(tutorialHeader, text), err == nil, "a foreign file is refused")
			return
		}
		require.NoError(t, err)
		kept := text[len(tutorialHeader):end]
		for row := range strings.Lines(kept) {
			require.True(t, strings.HasSuffix(row, "\n") && upTo(row, step), "%q is kept", row)
		}
		if next, _, whole := strings.Cut(rows[len(kept):], "\n"); whole && len(next) < 4096 {
			require.False(t, upTo(next, step), "%q is cut off", next)
		}
	})
}

// upTo reports whether a row is that of a step up to the given one.
func upTo(row string, step int) bool {
	first, _, more := strings.Cut(row, ",")
	n, err := strconv.Atoi(first)
	return more && err == nil && n <= step
}
