package pth

import (
	"fmt"
	"slices"
	"strings"

	"github.com/impasto-go/impasto/internal/printable"
	"github.com/impasto-go/impasto/nn/internal/tensorio"
	"github.com/impasto-go/impasto/nn/statedict"
)

// candidate is a dict somewhere in a file that may be the state dict.
type candidate struct {
	path []string // of keys
	dict *dict
}

func (c *candidate) name() string { return strings.Join(c.path, ".") }

// finder looks for state dicts in all that a file holds.
type finder struct {
	visits int // left, as tuples may refer to each other a million times
	seen   map[any]bool
	found  []candidate
	moment bool // the state of an optimizer was met
}

const (
	maxVisits  = 1e6
	maxNesting = 16
)

// walk looks at a value and what is in it.
func (f *finder) walk(v any, path []string) {
	if f.visits--; f.visits < 0 || len(path) > maxNesting {
		return
	}
	inside := func(key string, v any) { f.walk(v, append(path[:len(path):len(path)], key)) }
	switch v := v.(type) {
	case tuple:
		for i, v := range v {
			inside(fmt.Sprint(i), v)
		}
	case *list:
		if f.seen[v] {
			return
		}
		f.seen[v] = true
		for i, v := range v.items {
			inside(fmt.Sprint(i), v)
		}
	case *dict:
		if f.seen[v] {
			return
		}
		f.seen[v] = true
		switch {
		case v.isMoments():
			f.moment = true
		case v.hasTensors():
			f.found = append(f.found, candidate{path, v})
		}
		for _, item := range v.items {
			key, _ := item.key.(string)
			inside(key, item.value)
		}
	}
}

// usual are the keys under which programs keep the weights that matter, the most
// telling first.
var usual = []string{"state_dict", "model_state_dict", "model", "net", "network", "generator", "netG", "G",
	"transformer", "model_state", "weights", "params"}

// locate returns the state dict in a file whose content is root: root itself if
// its tensors have the dotted names of a network's parameters, or else the one dict
// inside that has them.
func locate(root any) (*candidate, error) {
	f := finder{visits: maxVisits, seen: map[any]bool{}}
	f.walk(root, nil)
	if d, ok := root.(*dict); ok && len(d.items) == 0 {
		return &candidate{dict: d}, nil
	}
	if len(f.found) == 0 {
		return nil, fmt.Errorf("%w: it holds %s", ErrCorrupt, f.instead(root))
	}
	all := f.found
	if top := &all[0]; len(top.path) == 0 && top.dict.dotted() {
		return top, nil
	}
	dotted := slices.DeleteFunc(slices.Clone(all), func(c candidate) bool { return !c.dict.dotted() })
	if len(dotted) > 0 {
		all = dotted
	} else if len(all[0].path) == 0 {
		return &all[0], nil
	}
	if len(all) == 1 {
		return &all[0], nil
	}
	for _, key := range usual {
		for i := range all {
			if p := all[i].path; len(p) > 0 && p[len(p)-1] == key {
				return &all[i], nil
			}
		}
	}
	names := make([]string, len(all))
	for i := range all {
		names[i] = all[i].name()
	}
	return nil, fmt.Errorf("%w: it holds %d state dicts, at %s: save the one that is meant alone, with torch.save(torch.load(FILE)[...], ...)",
		ErrCorrupt, len(all), printable.Names(names))
}

// instead says what a file without a state dict holds.
func (f *finder) instead(root any) string {
	d, _ := root.(*dict)
	l, _ := root.(*list)
	switch {
	case f.moment, d != nil && d.lookup("param_groups") != nil:
		return "the state of an optimizer, not weights: name the file of the network"
	case d != nil:
		return "a dict without named tensors, not a state dict"
	case l != nil && len(l.items) > 0 && kind(l.items[0]) == "tensor":
		return fmt.Sprintf("a list of %d tensors without names, not a state dict", len(l.items))
	default:
		return fmt.Sprintf("a value of type %s, not a state dict", kind(root))
	}
}

func (d *dict) lookup(key string) any {
	for _, item := range d.items {
		if item.key == key {
			return item.value
		}
	}
	return nil
}

// tensors calls f with the tensors of d and their keys until it returns false.
func (d *dict) tensors(f func(key, value any) bool) {
	for _, item := range d.items {
		switch item.value.(type) {
		case *tensor, *unreadable:
			if !f(item.key, item.value) {
				return
			}
		}
	}
}

func (d *dict) hasTensors() (has bool) {
	d.tensors(func(key, _ any) bool {
		_, has = key.(string)
		return !has
	})
	return has
}

// dotted reports whether a tensor of d is called like a parameter of a module in
// another.
func (d *dict) dotted() (is bool) {
	d.tensors(func(key, _ any) bool {
		name, _ := key.(string)
		is = strings.Contains(name, ".")
		return !is
	})
	return is
}

// moments are the names of what optimizers keep for each parameter.
var moments = []string{"step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq", "exp_inf", "momentum_buffer", "square_avg",
	"grad_avg", "acc_delta", "sum", "prev", "step_size", "mu", "mu_product", "eta", "ax"}

// isMoments reports whether d is the state of an optimizer for a parameter.
func (d *dict) isMoments() bool {
	n, all := 0, true
	d.tensors(func(key, _ any) bool {
		name, _ := key.(string)
		n, all = n+1, slices.Contains(moments, name)
		return all
	})
	return n > 0 && all
}

// choose makes entries of the wanted tensors of root, without data yet.
func (l *loader) choose(root any) error {
	c, err := locate(root)
	if err != nil {
		return err
	}
	d := c.dict
	if len(c.path) > 0 && !slices.Contains(usual[:3], c.name()) {
		l.options.Tell("the weights are those at %s", printable.Name(c.name()))
	}
	if err := l.budget.Take(valueCost*int64(len(d.items)), "the state dict"); err != nil {
		return err
	}
	var names []string
	d.tensors(func(key, _ any) bool {
		name, ok := key.(string)
		if !ok {
			err = fmt.Errorf("%w: the name of a tensor is of type %s", ErrCorrupt, kind(key))
			return false
		}
		names = append(names, name)
		return true
	})
	if err != nil {
		return err
	}
	if err := tensorio.Unique(names); err != nil {
		return err
	}
	renamed := l.options.Rename(names)
	i := -1
	d.tensors(func(_, value any) bool {
		i++
		name := renamed.Names[i]
		if renamed.Dropped(i) || !l.options.Wants(name) {
			return true
		}
		t, ok := value.(*tensor)
		if !ok {
			err = fmt.Errorf("%w: tensor %s is %s, which has no plain values: convert it with .to(torch.float32) or .to_dense()",
				ErrCorrupt, printable.Name(name), value.(*unreadable).why)
			return false
		}
		key := t.storage.key
		if _, ok := l.groups[key]; !ok {
			l.keys = append(l.keys, key)
		}
		l.groups[key] = append(l.groups[key], len(l.dict))
		l.tensors = append(l.tensors, t)
		l.dict = append(l.dict, statedict.Entry{Name: name, Shape: t.shape})
		return true
	})
	return err
}
