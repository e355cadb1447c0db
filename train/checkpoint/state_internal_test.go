package checkpoint

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/damagetest"
	"github.com/impasto-go/impasto/nn/safetensors"
	"github.com/impasto-go/impasto/nn/statedict"
)

// sample is a State that has something of everything.
func sample() *State {
	d := statedict.Dict{{Name: "conv1.weight", Shape: []int{2, 1}, Data: []float32{1, -2}}, {Name: "conv1.bias", Shape: []int{}, Data: []float32{3}}}
	return &State{
		Progress: Progress{Step: 7, Epoch: 1, Batch: 2, Images: 8, LossSums: map[string]float64{"style": 1e300}, LearningRate: 1e-3,
			Backend: "cpu", Settings: map[string]string{"seed": "1"}},
		Weights: d, ExpAvg: d, ExpAvgSq: d,
	}
}

// file returns the bytes of a state's file.
func file(t testing.TB, s *State) []byte {
	d, metadata, err := s.encode()
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, safetensors.Write(&b, d, metadata))
	return b.Bytes()
}

// FuzzRead reads arbitrary files, without the disk; what it accepts can be saved
// and is the same again.
func FuzzRead(f *testing.F) {
	read := func(t *testing.T, file []byte) (s *State, err error) {
		damagetest.Bounded(t, len(file), func() {
			var d statedict.Dict
			var metadata map[string]string
			d, metadata, err = safetensors.Read(bytes.NewReader(file), int64(len(file)), safetensors.RequireChecksum())
			if err != nil {
				require.True(t, errors.Is(err, safetensors.ErrCorrupt) || errors.Is(err, safetensors.ErrTooLarge), err)
				return
			}
			s, err = decode(d, metadata)
		})
		return s, err
	}
	f.Add(file(f, sample()))
	f.Add(file(f, &State{Progress: Progress{LearningRate: 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := read(t, b)
		if err != nil {
			return
		}
		again, err := read(t, file(t, s))
		require.NoError(t, err)
		require.Equal(t, s, again)
	})
}

// FuzzProgress decodes arbitrary progress and names with the right checksum, which
// FuzzRead hardly ever finds.
func FuzzProgress(f *testing.F) {
	_, metadata, err := sample().encode()
	require.NoError(f, err)
	f.Add(metadata[progressKey], "weights.conv1.weight")
	f.Add(`{"step":-1,"learning_rate":1}`, "exp_avg.")
	f.Add(`{"learning_rate":1e-400}`, "exp_avg_sq.x")
	f.Add(`[]`, "")
	f.Fuzz(func(t *testing.T, progress, name string) {
		d := statedict.Dict{{Name: name, Shape: []int{1}, Data: []float32{1}}}
		var s *State
		var err error
		damagetest.Bounded(t, len(progress), func() {
			s, err = decode(d, map[string]string{progressKey: progress, digestKey: digest(progress)})
		})
		if err != nil {
			return
		}
		require.GreaterOrEqual(t, min(s.Step, s.Epoch, s.Batch, s.Images), 0)
		require.Positive(t, s.LearningRate)
		again, metadata, err := s.encode()
		require.NoError(t, err)
		require.Equal(t, d, again)
		same, err := decode(again, metadata)
		require.NoError(t, err)
		require.Equal(t, s, same)
	})
}

// TestOldLosses reads the sums of states that knew only content and style.
func TestOldLosses(t *testing.T) {
	text := `{"step":7,"epoch":1,"batch":2,"images":8,"content_sum":2.5,"style_sum":1e300,"learning_rate":0.001,"backend":"cpu","settings":{}}`
	s, err := decode(nil, map[string]string{progressKey: text, digestKey: digest(text)})
	require.NoError(t, err)
	require.Equal(t, map[string]float64{"content": 2.5, "style": 1e300}, s.LossSums)
	require.Zero(t, s.Planned)
}
