package tensorio

import (
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/internal/printable"
)

// wrappers are the attributes under which PyTorch's wrappers keep a module, at
// whatever depth: DataParallel and AveragedModel, torch.compile, FSDP, activation
// checkpoints.
var wrappers = []string{"module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module"}

// holders are the attributes and prefixes under which training programs usually
// keep the network that matters, and this module's training states its weights.
var holders = []string{"net", "network", "generator", "netG", "G", "model", "transformer", "transformer_net", "style_net", "weights"}

// companions are what may lie beside it, and is not needed to run it.
var companions = []string{"vgg", "loss", "loss_net", "loss_network", "perceptual", "perceptual_loss", "criterion",
	"discriminator", "netD", "D", "n_averaged", "exp_avg", "exp_avg_sq"}

// Renamed is what becomes of the names of a file's tensors.
type Renamed struct {
	Names   []string
	dropped []bool // nil if none is
}

// Dropped reports whether tensor i belongs to something else than the network.
func (r *Renamed) Dropped(i int) bool { return r.dropped != nil && r.dropped[i] }

// Rename takes the names of wrappers and holders out of the names of a file's
// tensors, if it is asked for, and tells what it took.
func (o *ReadOptions) Rename(names []string) Renamed {
	if !o.Unwrap {
		return Renamed{Names: names}
	}
	r := Renamed{Names: slices.Clone(names)}
	var taken []string
	for {
		what, ok := r.unwrap()
		if !ok {
			what, ok = r.unhold()
		}
		if !ok {
			break
		}
		taken = append(taken, what)
	}
	if len(taken) > 0 {
		r.dropCount()
		o.Tell("took %s out of the names of the tensors", strings.Join(taken, ", "))
	}
	if r.dropped != nil {
		var left []string
		for i, name := range names {
			if first, _, _ := strings.Cut(name, "."); r.dropped[i] && !slices.Contains(left, first) {
				left = append(left, first)
			}
		}
		o.Tell("left out the tensors of %s", printable.Names(left))
	}
	return r
}

// unwrap removes one of the wrappers from every name that it is in.
func (r *Renamed) unwrap() (string, bool) {
	for _, w := range wrappers {
		found := false
		names := slices.Clone(r.Names)
		for i, name := range names {
			parts := strings.Split(name, ".")
			last := len(parts) - 1 // the parameter itself
			if slices.Contains(parts[:last], w) {
				found = true
				names[i] = strings.Join(append(slices.DeleteFunc(parts[:last:last], func(p string) bool { return p == w }), parts[last]), ".")
			}
		}
		if found && Unique(names) == nil {
			r.Names = names
			return `"` + w + `."`, true
		}
	}
	return "", false
}

// unhold removes the first part of all names if it is one of the holders, apart from
// the names of companions, which are dropped. A holder of numbered parts may be a
// network of that name itself, a torch.nn.Sequential.
func (r *Renamed) unhold() (string, bool) {
	names, dropped := slices.Clone(r.Names), make([]bool, len(r.Names))
	holder, drops := "", false
	for i, name := range names {
		first, rest, deeper := strings.Cut(name, ".")
		next, _, _ := strings.Cut(rest, ".")
		switch {
		case r.Dropped(i), slices.Contains(companions, first):
			dropped[i], drops = true, true
		case deeper && slices.Contains(holders, first) && (holder == "" || holder == first) && !numeric(next):
			holder, names[i] = first, rest
		default:
			return "", false
		}
	}
	if holder == "" {
		return "", false
	}
	r.Names = names
	if drops {
		r.dropped = dropped
	}
	return `"` + holder + `."`, true
}

// dropCount drops the counter of AveragedModel, which lies beside its module.
func (r *Renamed) dropCount() {
	if i := slices.Index(r.Names, "n_averaged"); i >= 0 {
		if r.dropped == nil {
			r.dropped = make([]bool, len(r.Names))
		}
		r.dropped[i] = true
	}
}

func numeric(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// Unique returns an error that wraps ErrCorrupt if a name occurs twice.
func Unique(names []string) error {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return fmt.Errorf("%w: two tensors are called %s", ErrCorrupt, printable.Name(name))
		}
		seen[name] = true
	}
	return nil
}
