// Package inputs turns the flags that training programs have in common into what
// they name: pictures, networks, features and devices. Its errors name the flag.
package inputs

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/model"
	"github.com/impasto-go/impasto/gpu"
	"github.com/impasto-go/impasto/nn"
	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/weights"
	"github.com/impasto-go/impasto/tensor"
	"github.com/impasto-go/impasto/tensor/backend"
	"github.com/impasto-go/impasto/train"
	"github.com/impasto-go/impasto/train/mpi"
	"github.com/impasto-go/impasto/vgg"
	"github.com/impasto-go/impasto/vgg/compact"
)

// Device opens the backend that -device names, cpu or gl, and for the latter -gpu,
// unless that is negative. Of several processes on this machine each gets its part of
// the processor, and a card of its own if -gpu is negative. The caller closes it.
func Device(name string, card int) (backend.Backend, error) {
	switch name {
	case "cpu":
		return tensor.CPU(tensor.Threads(Threads())), nil
	case "gl":
		if card < 0 && mpi.LocalSize() > 1 {
			card = mpi.LocalRank()
		}
		d, err := gpu.Open(gpu.Card(card))
		if err != nil {
			return nil, fmt.Errorf("-device gl: %w", err)
		}
		return d, nil
	}
	return nil, cli.Usagef("-device %q: want cpu or gl", name)
}

// ArchUsage describes -arch.
var ArchUsage = "the `network`: " + strings.Join(arch.Families(), ", ")

// Network makes the network that -arch, -filters, -res-blocks and -seed describe, or
// reads it from the file init (-init) unless that is empty. It must take squares of
// imageSize (-image-size).
func Network(ctx context.Context, be backend.Backend, init, family, filters string, resBlocks, imageSize int, seed uint64) (*nn.Network, error) {
	net, err := network(ctx, be, init, family, filters, resBlocks, seed)
	if err != nil {
		return nil, err
	}
	if err := net.Arch().CheckSize(imageSize, imageSize); err != nil {
		net.Free()
		return nil, cli.Usagef("-image-size: %v", err)
	}
	return net, nil
}

func network(ctx context.Context, be backend.Backend, init, family, filters string, resBlocks int, seed uint64) (*nn.Network, error) {
	if init != "" {
		d, err := initial(ctx, init)
		if err != nil {
			return nil, fmt.Errorf("-init: %w", err)
		}
		net, err := nn.NewNetworkFrom(be, d)
		if err != nil {
			return nil, fmt.Errorf("-init %s: %w", init, err)
		}
		return net, nil
	}
	a, err := Arch(family, filters, resBlocks)
	if err != nil {
		return nil, err
	}
	return nn.NewNetwork(be, a, seed), nil
}

// BaseInit is the value of -init that names no file: a trained network of the tutorial's
// kind, 8,16,32, to start from. It is made by the command in this package's README.md.
const BaseInit = "base"

// InitUsage is the help of -init.
const InitUsage = "weights `file` to start from, or base for a network that comes with the program; it decides the network"

//go:embed base.pth
var base []byte

// initial reads the weights that -init names.
func initial(ctx context.Context, name string) (statedict.Dict, error) {
	if name == BaseInit {
		return weights.Read(bytes.NewReader(base), weights.WithContext(ctx))
	}
	return model.Read(ctx, name)
}

// Arch returns the network that -arch, -filters and -res-blocks describe.
func Arch(family, filters string, resBlocks int) (*arch.Network, error) {
	f, err := Filters(filters)
	if err != nil {
		return nil, err
	}
	if resBlocks < 1 {
		return nil, cli.Usagef("-res-blocks %d: want 1 or more", resBlocks)
	}
	a, err := arch.New(family, f, resBlocks)
	if err != nil {
		return nil, cli.Usagef("-arch: %v", err)
	}
	return a, nil
}

// Filters parses -filters, such as 8,16,32.
func Filters(list string) (f [3]int, err error) {
	parts := strings.Split(list, ",")
	if len(parts) != len(f) {
		return f, cli.Usagef("-filters %q: want three numbers such as 8,16,32", list)
	}
	for i, p := range parts {
		if f[i], err = strconv.Atoi(strings.TrimSpace(p)); err != nil || f[i] < 1 || f[i] > 4096 {
			return f, cli.Usagef("-filters %q: want three numbers from 1 to 4096", list)
		}
	}
	return f, nil
}

// StyleLayers parses -style-layers, such as relu1_2,relu2_2:0.5.
func StyleLayers(list string) ([]train.StyleLayer, error) {
	var layers []train.StyleLayer
	for _, item := range strings.Split(list, ",") {
		name, weight, weighted := strings.Cut(strings.TrimSpace(item), ":")
		l, err := vgg.ParseLayer(name)
		if err != nil {
			return nil, cli.Usagef("-style-layers: %v", err)
		}
		w := 1.0
		if weighted {
			if w, err = strconv.ParseFloat(weight, 64); err != nil {
				return nil, cli.Usagef("-style-layers: %q is no weight", weight)
			}
		}
		layers = append(layers, train.StyleLayer{Layer: l, Weight: w})
	}
	return layers, nil
}

// The values of -vgg that name no file: random filters, and the network of package
// compact.
const (
	RandomVGG  = "random"
	CompactVGG = "compact"
)

// VGGUsage is the help of -vgg.
const VGGUsage = "VGG-19 weights `file` (.pth or .safetensors), or compact for a small network like it, or random"

// CompactLayers are the -style-layers of CompactVGG: those it has of the tutorial's.
func CompactLayers() string {
	var names []string
	for _, l := range compact.Layers() {
		names = append(names, l.Name())
	}
	return strings.Join(names, ",")
}

// randomSeed makes the random VGG-19 the same in every run.
const randomSeed = 19

// Features returns the VGG-19 that -vgg names, a weights file, RandomVGG or CompactVGG,
// as deep as wanted.
func Features(ctx context.Context, be backend.Backend, file string, deepest vgg.Layer) (*vgg.VGG, error) {
	switch file {
	case RandomVGG:
		return vgg.Random(be, randomSeed, deepest), nil
	case CompactVGG:
		v, err := compact.Load(be, deepest)
		if err != nil {
			return nil, cli.Usagef("-vgg compact: %v: ask for -style-layers %s", err, CompactLayers())
		}
		return v, nil
	}
	v, err := vgg.LoadFile(be, file, deepest, weights.WithContext(ctx))
	if err != nil {
		return nil, unfit(ctx, file, deepest, err)
	}
	return v, nil
}

// unfit says what a file is that is not the VGG-19 that is wanted, if that is known.
func unfit(ctx context.Context, file string, deepest vgg.Layer, err error) error {
	d, e := weights.ReadFile(file, weights.WithContext(ctx))
	if e != nil {
		return fmt.Errorf("-vgg: %w", err)
	}
	if a, e := arch.Recognize(d); e == nil {
		return cli.Usagef("-vgg %s: this is a style network (%v), not VGG-19, which judges pictures", file, a)
	}
	has := map[string]bool{}
	for _, t := range d {
		has[t.Name] = true
	}
	held := 0
	for _, t := range vgg.Layout(deepest) { // weights and biases, of one layer after the other
		if !has[t.Name] {
			break
		}
		held++
	}
	all := vgg.Layers(deepest)
	layers := all[:held/2]
	var within []string
	for _, l := range vgg.StyleLayers() {
		if slices.Contains(layers, l) {
			within = append(within, l.Name())
		}
	}
	if len(within) == 0 || len(layers) == len(all) {
		return fmt.Errorf("-vgg: %w", err)
	}
	return cli.Usagef("-vgg %s: it holds VGG-19 down to %s, and -style-layers needs it down to %s: try -style-layers %s",
		file, layers[len(layers)-1].Name(), deepest.Name(), strings.Join(within, ","))
}
