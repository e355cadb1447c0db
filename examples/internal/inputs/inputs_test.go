package inputs_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/examples/internal/modeltest"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/compact"
	"github.com/impasto-go/impasto/vgg/vggtest"
)

// TestCanceledReading ends the reading of weights when the program is told to stop.
func TestCanceledReading(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	file := filepath.Join(t.TempDir(), "final.pth")
	require.NoError(t, weights.WriteFile(file, modeltest.Weights(arch.Tutorial([3]int{4, 6, 8}, 1))))
	ctx, cancel := context.WithCancel(context.Background())
	net, err := inputs.Network(ctx, be, file, "", "", 0, 64, 0)
	require.NoError(t, err)
	net.Free()
	_, err = inputs.Features(ctx, be, file, vgg.Relu12)
	require.ErrorContains(t, err, "-vgg")
	require.NotErrorIs(t, err, context.Canceled)

	cancel()
	_, err = inputs.Network(ctx, be, file, "", "", 0, 64, 0)
	require.ErrorIs(t, err, context.Canceled)
	_, err = inputs.Features(ctx, be, file, vgg.Relu12)
	require.ErrorIs(t, err, context.Canceled)
}

// TestUnfitJudges says what a file is that is no VGG-19, or not all of it.
func TestUnfitJudges(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	dir := t.TempDir()
	style, blocks := filepath.Join(dir, "final.pth"), filepath.Join(dir, "blocks1-2.safetensors")
	require.NoError(t, weights.WriteFile(style, modeltest.Weights(arch.Tutorial([3]int{4, 6, 8}, 1))))
	require.NoError(t, weights.WriteFile(blocks, vggtest.Hashed(vgg.Relu22)))
	_, err := inputs.Features(t.Context(), be, style, vgg.Relu54)
	require.EqualError(t, err, "-vgg "+style+": this is a style network (tutorial, filters 4,6,8, 1 residual block), not VGG-19, which judges pictures")
	require.IsType(t, cli.Usagef(""), err)
	_, err = inputs.Features(t.Context(), be, blocks, vgg.Relu54)
	require.EqualError(t, err, "-vgg "+blocks+": it holds VGG-19 down to relu2_2, and -style-layers needs it down to "+vgg.Relu54.Name()+": try -style-layers relu1_2,relu2_2")
	require.IsType(t, cli.Usagef(""), err)
	v, err := inputs.Features(t.Context(), be, blocks, vgg.Relu22)
	require.NoError(t, err)
	v.Free()
	foreign := append(vggtest.Hashed(vgg.Relu22), statedict.Entry{Name: "foreign", Shape: []int{1}, Data: []float32{1}})
	require.NoError(t, weights.WriteFile(blocks, foreign))
	_, err = inputs.Features(t.Context(), be, blocks, vgg.Relu22)
	require.ErrorContains(t, err, "foreign", "it is deep enough")
	require.NotContains(t, err.Error(), "-style-layers")
}

// TestJudgesWithoutFiles: two words stand for networks that are there without a file, the
// same in every run.
func TestJudgesWithoutFiles(t *testing.T) {
	be := tensor.CPU()
	defer be.Close()
	small, err := compact.Load(be, vgg.Relu12)
	require.NoError(t, err)
	for word, want := range map[string]*vgg.VGG{inputs.RandomVGG: vgg.Random(be, 19, vgg.Relu12), inputs.CompactVGG: small} {
		got, err := inputs.Features(t.Context(), be, word, vgg.Relu12)
		require.NoError(t, err)
		require.Equal(t, want.Checksum(), got.Checksum(), word)
		require.Equal(t, vgg.Relu12, got.Deepest())
		got.Free()
		want.Free()
	}
	_, err = inputs.Features(t.Context(), be, inputs.CompactVGG, vgg.Relu54)
	require.ErrorContains(t, err, "ask for -style-layers "+inputs.CompactLayers())
	require.IsType(t, cli.Usagef(""), err)
}

// TestFlagNames: errors of settings name flags instead of fields, of which none is left.
func TestFlagNames(t *testing.T) {
	bad := train.Config{Steps: -1, LearningRate: -1, WeightDecay: -1, MaxGradNorm: -1, ResumeFrom: -1}
	bad.StyleSize, bad.ContentWeight, bad.StyleWeight = -1, -1, -1
	still := train.StabilityOptions{Weight: -1, From: 2, Shifts: 2, NoiseLow: 9, NoiseWeight: -1, Detail: -1}
	text := inputs.Flags(errors.Join(bad.Validate(), still.Validate()))
	for _, line := range strings.Split(text, "\n") {
		require.Regexp(t, `^-[a-z-]+:? `, line)
	}
	require.Contains(t, text, "-epochs is 0, must be at least 1")
	require.Contains(t, text, "-lr is -1")
	require.Contains(t, text, "-stability-ramp: 2 and 0 must be ascending parts of 1")
}
