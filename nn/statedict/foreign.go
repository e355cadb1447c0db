package statedict

import (
	"strings"

	"github.com/impasto-go/impasto/internal/printable"
)

// foreign are networks that people mistake for another, by a name that only they
// have among their tensors.
var foreign = []struct{ name, what string }{
	{"features.28.weight", "VGG, which compares pictures and makes none"},
	{"features.0.weight", "VGG, which compares pictures and makes none"},
	{"layer1.0.conv1.weight", "ResNet, which classifies pictures"},
	{"model.10.conv_block.", "CycleGAN's generator, which is built otherwise"},
	{"model1.0.conv2d.weight", "MSG-Net, which takes the style as a picture"},
	{"gram.weight", "MSG-Net, which takes the style as a picture"},
	{"model.diffusion_model.", "a diffusion model"},
	{"first_stage_model.", "a diffusion model"},
	{"down_blocks.0.", "a diffusion model"},
	{"encoder.down.0.", "the autoencoder of a diffusion model"},
	{".lora_up.", "a LoRA, which changes another model"},
	{".lora_A.", "a LoRA, which changes another model"},
	{"model.layers.0.self_attn.", "a language model"},
	{"transformer.h.0.attn.", "a language model"},
	{"bert.", "a language model"},
	{"exp_avg.", "the moments of an optimizer"},
}

// Describe says in a few words what d probably is: one of the networks that are
// often mistaken for another, or else how its first tensors are called.
func (d Dict) Describe() string {
	if len(d) == 0 {
		return "it is empty"
	}
	for _, f := range foreign {
		for _, e := range d {
			if strings.HasPrefix(e.Name, f.name) || f.name[0] == '.' && strings.Contains(e.Name, f.name) {
				return "it is " + f.what
			}
		}
	}
	names := d.Names()
	if len(names) > 3 {
		names = names[:3:3]
		return "it has " + printable.Names(names) + ", ..."
	}
	return "it has " + printable.Names(names)
}
