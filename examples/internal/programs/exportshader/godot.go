package exportshader

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"unicode"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/shader"
	"github.com/impasto-go/impasto/nn/statedict"
)

//go:embed godot/style.gd
var styleGD string

//go:embed godot/temporal.glsl
var temporalGLSL string

// vulkan begins the shaders for Godot, whose color buffer holds half floats.
const vulkan = `#version 450
#define UNIFORM layout(push_constant, std430) uniform Settings
#define BINDING(i) set = 0, binding = i
#define FORMAT , rgba16f
`

// script returns a compositor effect for Godot 4.
func script(o options, net *arch.Network, d statedict.Dict) ([]byte, error) {
	program, weights, err := program(net, d, o.half)
	if err != nil {
		return nil, fmt.Errorf("-model %s: %w", o.model, err)
	}
	data, err := json.Marshal(program) // which is a dictionary in GDScript too
	if err != nil {
		return nil, err
	}
	var kernels []string
	for i := range program.Kernels {
		kernels = append(kernels, program.Kernels[i].GLSL())
	}
	var text bytes.Buffer
	err = template.Must(template.New("script").Parse(styleGD)).Execute(&text, struct {
		Title, Description, Class, Program, Header, Temporal, Weights string
		Half                                                          bool
		ChunkPixels                                                   int
		Kernels                                                       []string
	}{
		oneLine(o.title), fmt.Sprintf("the network %v, %d weights", net, net.NumParams()), class(o.out),
		string(data), vulkan, temporalGLSL, weights, o.half, shader.ChunkPixels, kernels,
	})
	return text.Bytes(), err
}

// oneLine keeps a title within its comment.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// class returns the name of the class in a script file: StarryNight for
// starry_night.gd.
func class(path string) string {
	words := regexp.MustCompile(`[A-Za-z0-9]+`).FindAllString(baseName(path), -1)
	name := ""
	for _, w := range words {
		name += strings.ToUpper(w[:1]) + w[1:]
	}
	if name == "" || unicode.IsDigit(rune(name[0])) {
		name = "Style" + name
	}
	return name
}
