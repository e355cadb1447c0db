package arch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/nn/statedict"
)

// Recognize returns the network whose state dict d is: the family is told by the
// names of the tensors, the filters and the number of residual blocks by their
// shapes and names. The error of a dict that is nearly one of a family's wraps a
// *statedict.Mismatch with all differences; that of any other says what d holds.
func Recognize(d statedict.Dict) (*Network, error) {
	var fits []*Network
	var nearest error
	least := 0 // tensors that are not known, and not in any network
	for _, e := range d {
		if !statedict.IsRunningStatistic(e.Name) {
			least++
		}
	}
	for i := range families {
		f := &families[i]
		n, err := f.read(d)
		if err == nil {
			m := d.Compare(n.Params())
			if m == nil {
				fits = append(fits, n)
				continue
			}
			err = m
		}
		if foreign := f.foreign(d); foreign < least {
			nearest, least = fmt.Errorf("it looks like the network %s, but: %w", f.name, err), foreign
		}
	}
	switch {
	case len(fits) == 1:
		return fits[0], nil
	case len(fits) > 1:
		return nil, fmt.Errorf("it may be the network %s or the network %s: name the one that it is", fits[0], fits[1])
	case nearest != nil:
		return nil, nearest
	}
	return nil, fmt.Errorf("not the state dict of a network known here, which are %s: %s", strings.Join(Families(), ", "), d.Describe())
}

// read takes the options from d: the first dimensions of the weights of the first
// three convolutions, and how many blocks there are.
func (f *family) read(d statedict.Dict) (*Network, error) {
	var filters [3]int
	in := 3
	for i := range filters {
		l := &f.network([3]int{1, 1, 1}, 1).Layers[i]
		name := l.Conv + ".weight"
		e := d.Lookup(name)
		if e == nil {
			return nil, fmt.Errorf("%s is missing: %s", name, d.Describe())
		}
		if s := e.Shape; len(s) != 4 || s[0] < 1 || s[1] != in || s[2] != l.Kernel || s[3] != l.Kernel {
			return nil, fmt.Errorf("%s is %v, not [filters %d %d %d]", name, s, in, l.Kernel, l.Kernel)
		}
		filters[i], in = e.Shape[0], e.Shape[0]
	}
	blocks, err := f.blocks(d)
	if err != nil {
		return nil, err
	}
	return f.network(filters, blocks), nil
}

// blocks counts the residual blocks.
func (f *family) blocks(d statedict.Dict) (int, error) {
	seen := map[int]bool{}
	last := f.first - 1
	for _, e := range d {
		i, err := f.blockOf(e.Name)
		if err != nil {
			return 0, err
		}
		if i >= f.first {
			seen[i] = true
			last = max(last, i)
		}
	}
	if len(seen) == 0 {
		return 0, fmt.Errorf("there are no residual blocks ("+f.block+"*): %s", f.first, d.Describe())
	}
	name := func(i int) string { return strings.TrimSuffix(fmt.Sprintf(f.block, i), ".") }
	for i := f.first; i < last; i++ {
		if !seen[i] {
			return 0, fmt.Errorf("residual block %s is missing, though there is %s", name(i), name(last))
		}
	}
	return len(seen), nil
}

// blockOf returns the number of the block that a parameter belongs to, or -1.
func (f *family) blockOf(name string) (int, error) {
	prefix, _, _ := strings.Cut(f.block, "%d")
	rest, ok := strings.CutPrefix(name, prefix)
	if !ok {
		return -1, nil
	}
	digits, _, dot := strings.Cut(rest, ".")
	i, err := strconv.Atoi(digits)
	if err != nil && !strings.HasSuffix(prefix, ".") {
		return -1, nil // another word that begins like the prefix
	}
	if err != nil || !dot || i < f.first || strconv.Itoa(i) != digits {
		return 0, fmt.Errorf("%q names no residual block", name)
	}
	return i, nil
}

// foreign counts the entries of d whose names no network of the family has.
func (f *family) foreign(d statedict.Dict) (count int) {
	known := map[string]bool{}
	for _, p := range f.network([3]int{1, 1, 1}, 1).Params() {
		known[p.Name] = true
	}
	first := fmt.Sprintf(f.block, f.first)
	for _, e := range d {
		name := e.Name
		if i, err := f.blockOf(name); err == nil && i >= f.first {
			name = first + strings.TrimPrefix(name, fmt.Sprintf(f.block, i))
		}
		if !known[name] && !statedict.IsRunningStatistic(name) {
			count++
		}
	}
	return count
}
