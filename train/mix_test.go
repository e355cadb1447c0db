package train_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

// TestResumeOfAMix stops and resumes a run on two sets of pictures, which ends with
// the bytes of one that was not stopped; another set, another weight, or the sets in
// another order are refused by name.
func TestResumeOfAMix(t *testing.T) {
	be := newCPU(t)
	photos, footage := pictures(7), dataset.Mirrored(pictures(3))
	begin := func(cfg train.Config, weight float64, sets ...dataset.Source) *train.Trainer {
		var shares []dataset.Share
		for i, s := range sets {
			shares = append(shares, dataset.Share{Source: s, Weight: 1 + weight*float64(i)})
		}
		mix, err := dataset.NewMix(shares...)
		require.NoError(t, err)
		trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(20, 30, 5), mix, cfg)
		require.NoError(t, err)
		t.Cleanup(trainer.Close)
		return trainer
	}
	whole, dir := t.TempDir(), t.TempDir()
	require.NoError(t, begin(inFolder(whole), 1, photos, footage).Train(context.Background()))
	cfg := inFolder(dir)
	cfg.Steps = 8 // in the second epoch
	require.NoError(t, begin(cfg, 1, photos, footage).Train(context.Background()))
	cfg = inFolder(dir)
	cfg.Resume = true
	err := begin(cfg, 1, photos, dataset.Mirrored(pictures(2))).Train(context.Background())
	require.ErrorContains(t, err, "names and sizes of the pictures of dataset 2 is")
	require.NotContains(t, err.Error(), "dataset 1")
	err = begin(cfg, 2, photos, footage).Train(context.Background())
	require.ErrorContains(t, err, "weight of dataset 2 is 3, was 2")
	err = begin(cfg, 1, footage, photos).Train(context.Background())
	require.ErrorContains(t, err, "dataset 1")
	require.NoError(t, begin(cfg, 1, photos, footage).Train(context.Background()))
	for _, name := range []string{"final.pth", "losses.csv"} {
		require.Equal(t, read(t, whole, name), read(t, dir, name), filepath.Base(name))
	}
}
