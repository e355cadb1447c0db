package report

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/flicker"
)

func TestFlicker(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flicker.csv")
	none, err := ReadFlicker(path)
	require.NoError(t, err)
	require.Empty(t, none)

	var f Flicker
	for i, step := range []int{100, 200, 300, 200, 250, 250} { // it goes back once
		f.Add(step, &flicker.Glance{NoiseGain: float64(i), Shift: 1.25, Warp: 1. / 3, Detail: 1e9})
	}
	require.NoError(t, f.Write(path))
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "step,noise_gain,shift,warp,detail\n100,0,1.25,0.3333333333333333,1e+09\n"+
		"200,3,1.25,0.3333333333333333,1e+09\n250,5,1.25,0.3333333333333333,1e+09\n", string(text))
	again, err := ReadFlicker(path)
	require.NoError(t, err)
	require.Equal(t, f, again)
	require.Contains(t, again.Of(200), "noise gain 3.00")
	require.Empty(t, again.Of(201))
	again.Cut(249)
	require.Len(t, again, 2)

	for _, bad := range []string{"", "step\n", "step,noise_gain,shift,warp,detail\n1,2\n", flickerHeader + "\n5,1,1,1,1\n5,1,1,1,1\n", flickerHeader + "\n5,x,1,1,1\n"} {
		require.NoError(t, os.WriteFile(path, []byte(bad), 0o600))
		_, err := ReadFlicker(path)
		require.ErrorContains(t, err, path)
	}
	damagetest.Mutations(text, func(damaged []byte) {
		damagetest.Bounded(t, len(damaged), func() { _, _ = ParseFlicker(bytes.NewReader(damaged)) })
	})
}

// TestFlickerLines: an error names the line of the file.
func TestFlickerLines(t *testing.T) {
	for text, want := range map[string]string{
		"\n5,1,1,1,1\n5,1,1,1,1\n": "line 3: step 5 follows step 5",
		"\nx,1,1,1,1\n":            "line 2",
		"\n5,1,1,1,1\n6,1,1,x,1\n": "line 3",
	} {
		_, err := ParseFlicker(strings.NewReader(flickerHeader + text))
		require.ErrorContains(t, err, want)
	}
}
