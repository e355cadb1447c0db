package nn

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/nn/statedict"
)

// FiltersOf returns the filters and the number of residual blocks of the
// TransformerNet whose state dict d is: the first dimensions of conv1, conv2 and
// conv3's weights, and how many resnets.0, resnets.1, ... there are.
func FiltersOf(d statedict.Dict) (filters [3]int, resBlocks int, err error) {
	in, kernel := 3, 9
	for i := range filters {
		name := fmt.Sprintf("conv%d.conv2d.weight", i+1)
		e := d.Lookup(name)
		if e == nil {
			return filters, 0, fmt.Errorf("not the state dict of a TransformerNet: %s is missing%s", name, found(d))
		}
		if s := e.Shape; len(s) != 4 || s[0] < 1 || s[1] != in || s[2] != kernel || s[3] != kernel {
			return filters, 0, fmt.Errorf("not the state dict of a TransformerNet: %s is %v, not [filters %d %d %d]", name, s, in, kernel, kernel)
		}
		filters[i], in, kernel = e.Shape[0], e.Shape[0], 3
	}
	resBlocks, err = countResNets(d)
	return filters, resBlocks, err
}

func countResNets(d statedict.Dict) (int, error) {
	seen := map[int]bool{}
	last := -1
	for _, e := range d {
		rest, ok := strings.CutPrefix(e.Name, "resnets.")
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ".")
		i, err := strconv.Atoi(digits)
		if err != nil || i < 0 || strconv.Itoa(i) != digits {
			return 0, fmt.Errorf("not the state dict of a TransformerNet: %q names no residual block", e.Name)
		}
		seen[i] = true
		last = max(last, i)
	}
	if last < 0 {
		return 0, fmt.Errorf("not the state dict of a TransformerNet: there are no residual blocks (resnets.0.*)%s", found(d))
	}
	for i := range last {
		if !seen[i] {
			return 0, fmt.Errorf("not the state dict of a TransformerNet: residual block resnets.%d is missing, though there is resnets.%d", i, last)
		}
	}
	return len(seen), nil
}

// found gives an idea of what a foreign state dict holds instead.
func found(d statedict.Dict) string {
	return " (" + d.Describe() + ")"
}
