package train

import (
	"slices"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/vgg"
)

// What a value of the networks' layers takes in the course of a step, in values: it is
// kept until the gradients are computed, beside what the normalization keeps and the
// gradients on their way. Measured with the tutorial's network of two widths, 5 and 20
// blocks, and two depths of VGG-19.
const (
	netCopies   = 5.5
	vggCopies   = 1.3
	styleCopies = 1.0 // without gradients
	stillCopies = 2.2 // of the network's layers, with a Stability objective
)

// EstimateMemory returns about how many bytes a run with these settings takes on the
// CPU or a graphics card, with the objective that New makes and a Stability among the
// Objectives, a network of the given description, the features that judge it and a style
// picture of the given size: the layers of a step and of the style picture, whichever are
// more, and the weights. It is meant to tell what cannot work, and was within a fifth of
// what was measured with VGG-19, and within a third with the network of package compact.
// On OpenGL, three small trainings took within a fifth of it, less the program.
func (c *Config) EstimateMemory(net *arch.Network, features *vgg.VGG, styleWidth, styleHeight int) int64 {
	perPixel := 0.0
	for i, s := range net.Scales() {
		perPixel += float64(net.Layers[i].Out) / float64(s*s)
	}
	vggParams, vggPerPixel := features.Size(c.Deepest())
	if c.StyleSize > 0 {
		styleWidth, styleHeight = c.StyleSize, c.StyleSize
	}
	copies := netCopies
	if slices.ContainsFunc(c.Objectives, func(o Objective) bool { _, ok := o.(*Stability); return ok }) {
		copies += stillCopies
	}
	step := float64(c.BatchSize) * float64(c.ImageSize) * float64(c.ImageSize) * (copies*perPixel + vggCopies*vggPerPixel)
	style := float64(styleWidth) * float64(styleHeight) * styleCopies * vggPerPixel
	weights := 8*float64(net.NumParams()) + 3*float64(vggParams)
	const program = 100 << 20
	return program + int64(4*(max(step, style)+weights))
}
