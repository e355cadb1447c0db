package checkpoint

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn/damagetest"
	"github.com/impasto-go/impasto/nn/statedict"
)

// FuzzProgress decodes arbitrary progress and names with the right checksum, which
// FuzzRead hardly ever finds. What is accepted can be saved and is the same again.
func FuzzProgress(f *testing.F) {
	valid := &State{Progress: Progress{Step: 7, Epoch: 1, Batch: 2, Images: 8, StyleSum: 1e300, LearningRate: 1e-3,
		Backend: "cpu", Settings: map[string]string{"seed": "1"}}}
	_, metadata, err := valid.encode()
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
