// Package memory compares what a program is about to take with what the computer has,
// as the system would end it without a word in the middle of its work.
package memory

import (
	"fmt"

	"github.com/impasto-go/impasto/tensor/backend"
)

// margin is the part of an estimate that is certainly needed.
const margin = 0.75

// Free returns the bytes that can still be taken, if the system tells.
func Free() (bytes int64, ok bool) { return available() }

// Check returns an error that names both figures if the estimate, in bytes, is far more
// than is free; advice says what makes it less. Where the system does not tell what is
// free, nothing is refused.
func Check(estimate int64, advice string) error {
	free, ok := available()
	if !ok {
		return nil
	}
	return check(estimate, free, "memory", advice)
}

// Card is a graphics card, which tells what is free of its memory if its driver does.
type Card interface {
	FreeMemory() (bytes int64, ok bool)
}

// CheckOn is Check for what a backend takes in: the memory of a card if it is one.
func CheckOn(be backend.Backend, estimate int64, advice string) error {
	card, ok := be.(Card)
	if !ok {
		return Check(estimate, advice)
	}
	free, ok := card.FreeMemory()
	if !ok {
		return nil
	}
	return check(estimate, free, "the graphics card's memory", advice)
}

func check(estimate, free int64, of, advice string) error {
	if margin*float64(estimate) <= float64(free) {
		return nil
	}
	return fmt.Errorf("this would take about %.1f GB of %s, and %.1f GB are free: %s", float64(estimate)/1e9, of, float64(free)/1e9, advice)
}
