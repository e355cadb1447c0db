package inputs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

// Set is a value of -dataset: where pictures are, and how often they are drawn in
// proportion to those of the others.
type Set struct {
	Path   string
	Weight float64
}

// SetUsage is the help of a -dataset that takes several.
const SetUsage = "`folder`, .zip or video of training pictures; several, with weights, are drawn from in proportion: -dataset photos.zip:3 -dataset game.mp4:1; without it the program draws its own"

// ParseSet parses a path, or a path and a weight with a colon between them. A text that
// is the path of something is that path, whatever it ends in; and what follows the
// letter of a drive is no weight.
func ParseSet(text string) (Set, error) {
	whole := Set{text, 1}
	at := strings.LastIndexByte(text, ':')
	if at < 1 || at == 1 && isLetter(text[0]) || at == len(text)-1 {
		return whole, nil
	}
	if _, err := os.Stat(text); err == nil {
		return whole, nil
	}
	number := text[at+1:]
	weight, err := strconv.ParseFloat(number, 64)
	if err != nil || strings.Trim(number, "+-.0123456789eE") != "" {
		return whole, nil
	}
	if !(weight > 0) || weight > 1e9 {
		return whole, cli.Usagef("-dataset %s: the weight after the colon is %s, want a number above 0", text, number)
	}
	return Set{text[:at], weight}, nil
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// String returns what ParseSet takes.
func (s Set) String() string {
	if s.Weight == 1 {
		return s.Path
	}
	return s.Path + ":" + strconv.FormatFloat(s.Weight, 'g', -1, 64)
}

// Texts are the values of a flag that may be given several times. In JSON a single one
// is a string, as when there could be one only, and none an empty one.
type Texts []string

// MarshalJSON implements json.Marshaler.
func (t Texts) MarshalJSON() ([]byte, error) {
	switch len(t) {
	case 0:
		return []byte(`""`), nil
	case 1:
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Texts) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) != nil {
		return json.Unmarshal(b, (*[]string)(t))
	}
	*t = nil
	if one != "" {
		*t = Texts{one}
	}
	return nil
}

// Sets parses them as values of -dataset.
func (t Texts) Sets() (sets []Set, err error) {
	for _, text := range t {
		s, err := ParseSet(text)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// Absolute returns the sets in t with paths that hold in every working directory.
func (t Texts) Absolute() (Texts, error) {
	sets, err := t.Sets()
	if err != nil {
		return nil, err
	}
	var all Texts
	for _, s := range sets {
		if s.Path, err = filepath.Abs(s.Path); err != nil {
			return nil, err
		}
		all = append(all, s.String())
	}
	return all, nil
}
