package inputs

import "strings"

// flagOf names the flags for settings of the library in its errors.
var flagOf = []string{
	"Epochs", "-epochs", "Steps", "-steps", "BatchSize", "-batch-size", "ImageSize", "-image-size",
	"LearningRate", "-lr", "WeightDecay", "-weight-decay", "MaxGradNorm", "-max-grad-norm",
	"LogInterval", "-log-interval", "CheckpointInterval", "-checkpoint-interval", "ResumeFrom", "-from",
	"StyleSize", "-style-size", "ContentWeight", "-content-weight", "StyleWeight", "-style-weight",
	"StyleLayers", "-style-layers",
	"Stability.Weight", "-stability", "Stability.Footage", "-stability-footage",
	"Stability.NoiseWeight", "-stability-noise-weight", "Stability.Detail", "-stability-detail",
	"Stability: From ", "-stability-ramp: ", " and Full ", " and ",
	"Stability: Shifts ", "-stability-moves: ", " and Warps ", " and ",
	"Stability: NoiseLow ", "-stability-noise: ", " and NoiseHigh ", " and ",
}

// Flags returns the text of an error about a train.Config or its objectives, with the
// names of flags in place of those of fields.
func Flags(err error) string { return strings.NewReplacer(flagOf...).Replace(err.Error()) }
