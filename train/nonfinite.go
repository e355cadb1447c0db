package train

import (
	"fmt"
	"strings"

	"github.com/impasto-go/impasto/internal/printable"
)

// NonFiniteError says that a step was not done because a loss or a gradient was
// infinite or not a number. The weights are those before the step. If a step that
// was done has led to weights or moments that are not finite, Weights says which;
// the network then has those of the last saved state again.
type NonFiniteError struct {
	Step         int      // the step that failed, from 1
	Epoch, Batch int      // from 0
	Losses       Losses   // of the step
	GradNorm     float64  // norm of all gradients
	Images       []string // the pictures of the batch

	Weights error // wraps a *statedict.NonFinite; nil if it was a loss or gradient
}

// Unwrap returns Weights.
func (e *NonFiniteError) Unwrap() error { return e.Weights }

// Error names the step, the values and the pictures.
func (e *NonFiniteError) Error() string {
	if e.Weights != nil {
		return fmt.Sprintf("step %d (epoch %d, batch %d): not finite: %v; nothing of it is saved; a lower learning rate may help",
			e.Step, e.Epoch+1, e.Batch+1, e.Weights)
	}
	var losses strings.Builder
	for _, l := range e.Losses.Terms {
		fmt.Fprintf(&losses, "%s loss %v, ", l.Name, l.Value)
	}
	return fmt.Sprintf("step %d (epoch %d, batch %d): not finite: %sgradient norm %v, with the pictures %s; "+
		"the weights were not changed; a lower learning rate or style weight may help",
		e.Step, e.Epoch+1, e.Batch+1, &losses, e.GradNorm, printable.Names(e.Images))
}
