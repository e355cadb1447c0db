package tensorio

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRename(t *testing.T) {
	for _, c := range []struct{ names, want, what string }{
		{"a.w b.w", "a.w b.w", ""},
		{"module.a.w module.b.w", "a.w b.w", "DataParallel"},
		{"_orig_mod.a.w _orig_mod.b", "a.w b", "torch.compile"},
		{"module._orig_mod.a.w module._orig_mod.b.w", "a.w b.w", "both"},
		{"_orig_mod.module.a.w", "a.w", "the other way round"},
		{"_fsdp_wrapped_module.a._checkpoint_wrapped_module.w", "a.w", "FSDP with checkpoints"},
		{"features.module.0.weight classifier.0.weight", "features.0.weight classifier.0.weight", "DataParallel of a part"},
		{"module.module.a.w", "a.w", "twice"},
		{"net.a.w net.b.w", "a.w b.w", "an attribute"},
		{"generator.a.w generator.b.w", "a.w b.w", "an attribute"},
		{"module.net.a.w module.net.b.w", "a.w b.w", "wrapped"},
		{"net.module.a.w", "a.w", "wrapped inside"},
		{"net.a.w vgg.features.0.weight criterion.x", "a.w - -", "a LightningModule"},
		{"netG.a.w netD.a.w", "a.w -", "a GAN"},
		{"module.a.w n_averaged", "a.w -", "AveragedModel"},
		{"weights.a.w exp_avg.a.w exp_avg_sq.a.w", "a.w - -", "a state of this module"},
		{"model.0.weight model.10.weight", "model.0.weight model.10.weight", "a Sequential of that name"},
		{"model.model.0.weight", "model.0.weight", "one in a module"},
		{"net.a.w head.w", "net.a.w head.w", "only a part"},
		{"net.a.w generator.b.w", "net.a.w generator.b.w", "two of them"},
		{"net", "net", "a parameter of that name"},
		{"module", "module", "a parameter of that name"},
		{"vgg.features.0.weight", "vgg.features.0.weight", "nothing else"},
		{"module.a.w a.w", "module.a.w a.w", "equal without"},
		{"a.module", "a.module", "a parameter of that name in a module"},
		{"", "", "none"},
	} {
		var notes []string
		o := ReadOptions{Unwrap: true, Note: func(line string) { notes = append(notes, line) }}
		names := strings.Fields(c.names)
		r := o.Rename(names)
		var got []string
		for i, name := range r.Names {
			if r.Dropped(i) {
				name = "-"
			}
			got = append(got, name)
		}
		require.Equal(t, c.want, strings.Join(got, " "), c.what)
		require.Equal(t, c.names, strings.Join(names, " "), "the names themselves do not change")
		require.Equal(t, c.names != c.want, len(notes) > 0, c.names)
		require.Equal(t, strings.Contains(c.want, "-"), len(notes) == 2, c.names)
		r = (&ReadOptions{}).Rename(names)
		require.Equal(t, names, r.Names, "unless it is asked for")
	}
}
