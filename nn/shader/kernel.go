package shader

import (
	"embed"
	"slices"
	"strings"
	"text/template"
)

// Kernel is a compute shader before it is written in a language.
type Kernel struct {
	kind string // a template of each language

	// Constants of the layer, as far as its kind has them.
	In, Out, Side, Stride, Upsample int
	Scale, InScale                  int // of what is written and read
	Lanes                           int // vectors of 4 output channels in one invocation
	At                              int // in Program.Weights
	Norm, ReLU                      bool
	Factors                         []float32 // of the added layers
	Low, Span                       float32   // of the network's values: that of black, and for each 8-bit level
}

// Name returns what the kernel does, such as "conv".
func (k *Kernel) Name() string { return k.kind }

func (k *Kernel) equal(other *Kernel) bool {
	a, b := *k, *other
	same := slices.Equal(a.Factors, b.Factors)
	a.Factors, b.Factors = nil, nil
	return same && a.scalars() == b.scalars()
}

// scalars is all of a kernel but its list.
func (k *Kernel) scalars() any {
	return [...]any{k.kind, k.In, k.Out, k.Side, k.Stride, k.Upsample, k.Scale, k.InScale, k.Lanes, k.At, k.Norm, k.ReLU, k.Low, k.Span}
}

//go:embed kernels.wgsl kernels.glsl
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"chunk": func() int { return ChunkPixels },
	"upto": func(n int) []int {
		list := make([]int, n)
		for i := range list {
			list[i] = i
		}
		return list
	},
	"add": func(a, b int) int { return a + b },
	"mul": func(a, b int) int { return a * b },
	"div": func(a, b int) int { return a / b },
}).ParseFS(files, "kernels.wgsl", "kernels.glsl"))

func (k *Kernel) source(language string) string {
	var text strings.Builder
	if err := templates.ExecuteTemplate(&text, language+" "+k.kind, k); err != nil {
		panic(err) // the templates are part of the package, and all are tested
	}
	return text.String()
}

// WGSL returns the kernel for WebGPU. Its entry point is main, and its bindings are
// in group 0: the uniform at 0, the step's bindings from 1 on. Picture is a
// texture_2d<f32> of 8-bit colors, Result a storage buffer with a u32 for each
// pixel, red lowest.
func (k *Kernel) WGSL() string { return k.source("wgsl") }

// GLSL returns the kernel without its first lines, which differ between Vulkan and
// OpenGL: a #version, and the macros
//
//	UNIFORM          what goes before the block of the uniform
//	BINDING(i)       the layout of a storage buffer or image at binding i
//	FORMAT           the images' format, with a comma before it
//
// Bindings count from 0. Picture and Result are the same image2D of floats, 0 to 1;
// the uniform's first spare float, if not 0, says that it holds linear light.
func (k *Kernel) GLSL() string { return k.source("glsl") }
