package report

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLayers: a row is the mean of ten steps, and what is written is read again.
func TestLayers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "layers.csv")
	none, err := ReadLayers(path)
	require.NoError(t, err)
	require.Nil(t, none.At(1))
	l := &Layers{Names: []string{"style/relu1_2", "style/relu2_2"}}
	for i := 1; i <= 25; i++ {
		l.Add(i, []float64{float64(i), 2})
	}
	require.Equal(t, []LayerRow{{10, []float64{5.5, 2}}, {20, []float64{15.5, 2}}}, l.Rows)
	l.End()
	l.End()
	require.Equal(t, LayerRow{25, []float64{23, 2}}, l.Rows[2])
	require.NoError(t, l.Write(path))
	again, err := ReadLayers(path)
	require.NoError(t, err)
	require.Equal(t, l.Names, again.Names)
	require.Equal(t, l.Rows, again.Rows)
	for step, want := range map[int]float64{1: 5.5, 10: 5.5, 11: 15.5, 99: 23} {
		require.Equal(t, want, again.At(step)[0], step)
	}
	again.Cut(14) // a run that goes on from there
	for i := 15; i <= 20; i++ {
		again.Add(i, []float64{3, 3})
	}
	require.Equal(t, []LayerRow{{10, []float64{5.5, 2}}, {20, []float64{3, 3}}}, again.Rows)
	for _, text := range []string{"", "a,b\n", "step\n", "step,a\n1\n", "step,a\nx,1\n", "step,a\n1,x\n", "step,a\n2,1\n1,1\n", "step,a\n1,1,1\n", "\"\n"} {
		_, err := ParseLayers(strings.NewReader(text))
		require.Error(t, err, text)
	}
	_, err = ParseLayers(strings.NewReader("step,a\n2,1\n2,1\n"))
	require.ErrorContains(t, err, "line 3: step 2 follows step 2")
	one, err := ParseLayers(strings.NewReader("step,a\n2,1\n"))
	require.NoError(t, err, "one layer is enough")
	require.Len(t, one.Rows, 1)
	require.NoError(t, os.WriteFile(path, []byte("x"), 0o666))
	_, err = ReadLayers(path)
	require.ErrorContains(t, err, path)
}
