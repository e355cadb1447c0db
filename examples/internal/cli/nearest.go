package cli

import (
	"strings"

	"github.com/agext/levenshtein"
)

// Nearest returns the name that somebody may have meant by word: one that it is the
// beginning of, or that has few other letters.
func Nearest(word string, names []string) (nearest string, found bool) {
	word = strings.ToLower(word)
	least := 1 + max(1, (len(word)+1)/3) // letters to change
	for _, name := range names {
		d := levenshtein.Distance(word, name, nil)
		if len(word) >= 3 && strings.HasPrefix(name, word) || len(name) >= 3 && strings.HasPrefix(word, name) && d <= 3 {
			d = min(d, 1)
		}
		if d < least {
			nearest, least, found = name, d, true
		}
	}
	return nearest, found
}
