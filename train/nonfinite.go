package train

import (
	"fmt"
	"strings"
)

// NonFiniteError says that a step was not done because a loss or a gradient was
// infinite or not a number. The weights are those before the step.
type NonFiniteError struct {
	Step           int // the step that failed, from 1
	Epoch, Batch   int // from 0
	Content, Style float64
	GradNorm       float64  // norm of all gradients
	Images         []string // the pictures of the batch
}

// Error names the step, the values and the pictures.
func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("step %d (epoch %d, batch %d): not finite: content loss %v, style loss %v, gradient norm %v, with the pictures %s; "+
		"the weights were not changed; a lower learning rate or style weight may help",
		e.Step, e.Epoch+1, e.Batch+1, e.Content, e.Style, e.GradNorm, strings.Join(e.Images, ", "))
}
