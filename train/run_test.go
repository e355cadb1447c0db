package train_test

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/pth"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/dataset"
	"github.com/impasto-go/impasto/vgg"
)

func TestRunFolder(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	cfg := inFolder(dir)
	var sampled []string
	cfg.Sampler = train.SamplerFunc(func(net train.Model, path string) error {
		sampled = append(sampled, filepath.Base(path))
		return os.WriteFile(path, []byte("png"), 0o666)
	})
	var checkpoints []train.Checkpoint
	cfg.Events.OnCheckpoint = func(c train.Checkpoint) {
		require.FileExists(t, c.Weights)
		require.FileExists(t, c.Sample)
		checkpoints = append(checkpoints, c)
	}
	trainer := run(t, be, cfg)
	require.Equal(t, []string{"ckpt_epoch_0_batch_id_3.png", "ckpt_epoch_1_batch_id_3.png", "ckpt_epoch_2_batch_id_3.png", "final.png"}, sampled)
	require.Len(t, checkpoints, 4)
	require.Equal(t, train.Checkpoint{
		Step: 7, Weights: filepath.Join(dir, "ckpt_epoch_1_batch_id_3.pth"), Sample: filepath.Join(dir, "ckpt_epoch_1_batch_id_3.png"),
	}, checkpoints[1])
	require.True(t, checkpoints[3].Final)

	entries, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Base(e))
	}
	require.ElementsMatch(t, []string{
		".lock", "ckpt_epoch_0_batch_id_3.png", "ckpt_epoch_0_batch_id_3.pth", "ckpt_epoch_1_batch_id_3.png", "ckpt_epoch_1_batch_id_3.pth",
		"ckpt_epoch_2_batch_id_3.png", "ckpt_epoch_2_batch_id_3.pth", "final.png", "final.pth", "losses.csv",
		"state-000000007.safetensors", "state-000000011.safetensors", "state-000000012.safetensors",
	}, names)

	d, err := pth.ReadFile(filepath.Join(dir, "final.pth"))
	require.NoError(t, err)
	require.Equal(t, weights(trainer), d)
}

// TestLongIntervals: intervals that no epoch of four batches is long enough for count the
// steps of the run.
func TestLongIntervals(t *testing.T) {
	be := newCPU(t)
	dir := t.TempDir()
	cfg := inFolder(dir)
	cfg.LogInterval, cfg.CheckpointInterval = 6, 5
	var lines []string
	cfg.Events.OnLog = func(line string) {
		if strings.Contains(line, "  Epoch ") {
			lines = append(lines, line)
		}
	}
	run(t, be, cfg)
	for _, name := range []string{"ckpt_epoch_1_batch_id_1.pth", "ckpt_epoch_2_batch_id_2.pth", "state-000000005.safetensors", "state-000000010.safetensors"} {
		require.FileExists(t, filepath.Join(dir, name))
	}
	checkpoints, err := filepath.Glob(filepath.Join(dir, "ckpt_*.pth"))
	require.NoError(t, err)
	require.Len(t, checkpoints, 2)
	require.Len(t, lines, 2)
	require.Contains(t, lines[0], "Epoch 2: [4/7]")
	require.Contains(t, lines[1], "Epoch 3: [7/7]")
}

func TestEventsLogAndLossesAgree(t *testing.T) {
	be := newCPU(t)
	cfg := inFolder(t.TempDir())
	var steps []train.StepEvent
	cfg.Events.OnStep = func(e *train.StepEvent) {
		kept := *e
		kept.Losses = e.Clone()
		steps = append(steps, kept)
	}
	var lines []string
	cfg.Events.OnLog = func(line string) { lines = append(lines, line) }
	run(t, be, cfg)

	require.Len(t, steps, 12)
	rows, err := csv.NewReader(strings.NewReader(read(t, cfg.Losses))).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"step", "epoch", "images", "content", "style", "total"}, rows[0])
	require.Len(t, rows, 13)
	var want []string
	var content, style float64
	for i, e := range steps {
		epoch, batch := i/4, i%4
		images := min(2*(batch+1), 7)
		require.Equal(t, []int{i + 1, 12, epoch, batch, images}, []int{e.Step, e.TotalSteps, e.Epoch, e.Batch, e.Images})
		require.Positive(t, e.ImagesPerSecond)
		require.Equal(t, []string{strconv.Itoa(i + 1), strconv.Itoa(epoch + 1), strconv.Itoa(images)}, rows[i+1][:3])
		for k, v := range []float64{e.Term("content"), e.Term("style"), e.Total()} {
			parsed, err := strconv.ParseFloat(rows[i+1][3+k], 64)
			require.NoError(t, err)
			require.Equal(t, v, parsed, "in full precision")
		}
		if batch == 0 {
			content, style = 0, 0
		}
		content, style = content+e.Term("content"), style+e.Term("style")
		n := float64(batch + 1)
		if (batch+1)%2 == 0 {
			want = append(want, fmt.Sprintf("  Epoch %d: [%d/7]  content: %.4f  style: %.4f  total: %.4f", epoch+1, images, content/n, style/n, (content+style)/n))
		}
		if batch == 2 {
			want = append(want, fmt.Sprintf("Checkpoint saved at %s", filepath.Join(cfg.CheckpointDir, fmt.Sprintf("ckpt_epoch_%d_batch_id_3.pth", epoch))))
		}
	}
	want = append(want, "Finished Training", "Checkpoint saved at "+filepath.Join(cfg.CheckpointDir, "final.pth"))
	require.Len(t, lines, len(want))
	stamp := regexp.MustCompile(`^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [1-9]\d? \d\d:\d\d:\d\d  Epoch`)
	for i, line := range lines {
		if strings.HasPrefix(want[i], "  Epoch") {
			require.Regexp(t, stamp, line)
			require.True(t, strings.HasSuffix(line, want[i]), "%q does not end in %q", line, want[i])
			continue
		}
		require.Equal(t, want[i], line)
	}
}

func TestSteps(t *testing.T) {
	cfg := inFolder(t.TempDir())
	cfg.Steps, cfg.Epochs = 6, 1 // an epoch has 4
	var last train.StepEvent
	cfg.Events.OnStep = func(e *train.StepEvent) { last = *e }
	run(t, newCPU(t), cfg)
	require.Equal(t, 6, last.Step)
	require.Equal(t, 6, last.TotalSteps)
	require.FileExists(t, filepath.Join(cfg.CheckpointDir, "final.pth"))
}

// TestFailedSample: no sample picture is worth a run, be it that the network makes
// numbers that are none or that the disk is full.
func TestFailedSample(t *testing.T) {
	cfg := inFolder(t.TempDir())
	cfg.Sampler = train.SamplerFunc(func(train.Model, string) error { return errors.New("no such picture") })
	var warnings []string
	var samples []string
	cfg.Events.OnLog = func(line string) {
		if strings.Contains(line, "no such picture") {
			warnings = append(warnings, line)
		}
	}
	cfg.Events.OnCheckpoint = func(c train.Checkpoint) { samples = append(samples, c.Sample) }
	run(t, newCPU(t), cfg)
	require.Equal(t, []string{"", "", "", ""}, samples, "of three epochs and the end")
	require.Len(t, warnings, 4)
	require.Contains(t, warnings[0], "after step 3")
	require.FileExists(t, filepath.Join(cfg.CheckpointDir, "final.pth"))
}

// TestFailedSave has a folder in the state's place: the run ends with one error.
func TestFailedSave(t *testing.T) {
	cfg := inFolder(t.TempDir())
	state := filepath.Join(cfg.CheckpointDir, "state-000000003.safetensors")
	cfg.Events.OnStart = func(int) error { return os.MkdirAll(filepath.Join(state, "x"), 0o777) }
	err := newTrainer(t, newCPU(t), cfg, 1).Train(context.Background())
	require.ErrorContains(t, err, state)
	require.Equal(t, 1, strings.Count(err.Error(), "saving the training state"))
}

// flaky is a dataset of which some pictures cannot be read.
type flaky struct {
	dataset.Images
	bad map[int]bool
}

func (f flaky) Load(i int) (*imageio.Image, error) {
	if f.bad[i] {
		return nil, errors.New("is torn")
	}
	return f.Images.Load(i)
}

func TestBadPictures(t *testing.T) {
	be := newCPU(t)
	trainOn := func(bad map[int]bool) (lines []string, err error) {
		cfg := small()
		cfg.MaxBad = 1
		cfg.Events.OnLog = func(line string) { lines = append(lines, line) }
		trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(16, 16, 1),
			flaky{pictures(7), bad}, cfg)
		require.NoError(t, err)
		defer trainer.Close()
		err = trainer.Train(context.Background())
		return lines, err
	}
	lines, err := trainOn(map[int]bool{2: true})
	require.NoError(t, err)
	require.Equal(t, "Skipped image 2: is torn", lines[0])
	require.Equal(t, 1, strings.Count(strings.Join(lines, "\n"), "Skipped"), "once in all epochs")
	_, err = trainOn(map[int]bool{2: true, 5: true})
	var tooMany *dataset.TooManyBadError
	require.ErrorAs(t, err, &tooMany)
	require.ErrorContains(t, err, "image 5: is torn")
}

// TestFivePercentBadFiles trains for an epoch on files of which every twentieth is
// cut off, and removes another during the run: it ends, counts them exactly, and
// does the same again.
func TestFivePercentBadFiles(t *testing.T) {
	const files = 60
	be := newCPU(t)
	epoch := func() (skipped []string, losses string) {
		dir := t.TempDir()
		path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("%02d.png", i)) }
		for i := range files {
			require.NoError(t, imageio.Save(path(i), picture(16+i%3, 16+i%2, uint64(i)), imageio.SaveOptions{}))
			if i%20 == 19 {
				require.NoError(t, os.Truncate(path(i), 300))
			}
		}
		data, err := dataset.Open(dir, imageio.Options{})
		require.NoError(t, err)
		defer data.Close()
		cfg := inFolder(t.TempDir())
		cfg.Shuffle, cfg.Epochs = false, 1
		cfg.Events.OnStep = func(e *train.StepEvent) {
			if e.Step == 1 {
				require.NoError(t, os.Remove(path(files-2))) // far from what is read ahead
			}
		}
		cfg.Events.OnLog = func(line string) {
			if strings.HasPrefix(line, "Skipped") {
				skipped = append(skipped, strings.ReplaceAll(line, dir, ""))
			}
		}
		trainer, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(16, 16, 1), data, cfg)
		require.NoError(t, err)
		defer trainer.Close()
		require.NoError(t, trainer.Train(context.Background()))
		return skipped, read(t, cfg.Losses)
	}
	skipped, losses := epoch()
	require.Len(t, skipped, 4)
	for i, what := range []string{"19.png: imageio", "39.png: imageio", "58.png: imageio", "59.png: imageio"} {
		require.Contains(t, skipped[i], what)
	}
	require.Equal(t, files/2, strings.Count(losses, "\n")-1)
	again, lossesAgain := epoch()
	require.Equal(t, skipped, again)
	require.Equal(t, losses, lossesAgain, "other batches")
}

func TestNewErrors(t *testing.T) {
	be := newCPU(t)
	for name, c := range map[string]struct {
		change func(*train.Config)
		want   string
	}{
		"epochs":      {func(c *train.Config) { c.Epochs = 0 }, "Epochs is 0"},
		"batch":       {func(c *train.Config) { c.BatchSize = -1 }, "BatchSize is -1"},
		"rate":        {func(c *train.Config) { c.LearningRate = 0 }, "LearningRate is 0"},
		"size":        {func(c *train.Config) { c.ImageSize = 30 }, "ImageSize: the network needs"},
		"deep":        {func(c *train.Config) { c.ImageSize = 8; c.StyleLayers = train.EqualLayers(vgg.Relu54) }, "relu5_3 needs at least 16"},
		"no layers":   {func(c *train.Config) { c.StyleLayers = nil }, "StyleLayers is empty"},
		"twice":       {func(c *train.Config) { c.StyleLayers = train.EqualLayers(vgg.Relu12, vgg.Relu12) }, "relu1_2 is listed twice"},
		"resume":      {func(c *train.Config) { c.Resume = true }, "Resume needs a CheckpointDir"},
		"small style": {func(c *train.Config) { c.StyleSize = 1 }, "the style picture has 1x1 pixels, but relu2_2 needs at least 2x2"},
		"intervals":   {func(c *train.Config) { c.LogInterval, c.CheckpointInterval = 0, 0 }, "CheckpointInterval is 0"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := small()
			c.change(&cfg)
			_, err := train.New(be, nn.NewTransformerNet(be, [3]int{2, 3, 4}, 1, 1), vgg.Random(be, 1, vgg.Relu22), picture(16, 16, 1), pictures(2), cfg)
			require.ErrorContains(t, err, c.want)
		})
	}
	defaults := train.Default()
	require.NoError(t, defaults.Validate())
	require.Equal(t, vgg.Relu54, defaults.Deepest())
}

func TestTrainErrors(t *testing.T) {
	be := newCPU(t)
	file := filepath.Join(t.TempDir(), "photo.jpg")
	require.NoError(t, os.WriteFile(file, []byte("a photograph, not losses"), 0o666))
	cfg := inFolder(t.TempDir())
	cfg.Losses = file
	require.ErrorContains(t, newTrainer(t, be, cfg, 1).Train(context.Background()), "photo.jpg: it exists and is not a file of losses")
	require.Equal(t, "a photograph, not losses", read(t, file))

	cfg = inFolder(t.TempDir())
	cfg.CheckpointDir = file
	require.ErrorContains(t, newTrainer(t, be, cfg, 1).Train(context.Background()), "photo.jpg")
}
