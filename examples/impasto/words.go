package main

import (
	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/programs/budget"
	"github.com/impasto-go/impasto/examples/internal/programs/convertvgg"
	"github.com/impasto-go/impasto/examples/internal/programs/distill"
	"github.com/impasto-go/impasto/examples/internal/programs/exportonnx"
	"github.com/impasto-go/impasto/examples/internal/programs/exportshader"
	"github.com/impasto-go/impasto/examples/internal/programs/flicker"
	"github.com/impasto-go/impasto/examples/internal/programs/frames"
	"github.com/impasto-go/impasto/examples/internal/programs/gpuinfo"
	"github.com/impasto-go/impasto/examples/internal/programs/pack"
	"github.com/impasto-go/impasto/examples/internal/programs/scale"
	"github.com/impasto-go/impasto/examples/internal/programs/studio"
	"github.com/impasto-go/impasto/examples/internal/programs/stylize"
	"github.com/impasto-go/impasto/examples/internal/programs/sweep"
	"github.com/impasto-go/impasto/examples/internal/programs/train"
)

// word calls a program of examples.
type word struct {
	word, program, does string
	run                 cli.Program
}

// groups are the words in the order of the help: who adds a program adds a line.
var groups = []struct {
	title string
	words []word
}{
	{"Train", []word{
		{"train", "train", "trains a style; without arguments on pictures it draws", train.Run},
		{"sweep", "sweep", "tries style weights and sizes, to choose by eye", sweep.Run},
		{"convertvgg", "convertvgg", "downloads VGG-19's weights and keeps what is needed", convertvgg.Run},
		{"distill", "distill", "makes a small network that judges styles much as VGG-19 does", distill.Run},
		{"frames", "frames", "splits gameplay footage into training pictures", frames.Run},
		{"pack", "pack", "decodes a dataset into one file, for many trainings", pack.Run},
	}},
	{"Use", []word{
		{"stylize", "stylize", "applies a style to pictures, folders and videos", stylize.Run},
		{"export", "exportonnx", "writes the ONNX file for Unity, ONNX Runtime and others", exportonnx.Run},
		{"studio", "studio", "shows runs and tries styles in the browser", studio.Run},
		{"exportshader", "exportshader", "writes a style as shaders: a page for browsers, an effect for Godot", exportshader.Run},
	}},
	{"Measure", []word{
		{"flicker", "flicker", "measures how still a style stays, and compares two", flicker.Run},
		{"budget", "budget", "prints what a network costs per frame, layer by layer", budget.Run},
		{"gpuinfo", "gpuinfo", "tests and measures the graphics card", gpuinfo.Run},
		{"scale", "scale", "predicts and measures what more machines bring", scale.Run},
	}},
}
