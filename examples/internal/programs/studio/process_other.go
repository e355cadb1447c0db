//go:build !unix

package studio

import (
	"context"
	"os"
	"os/exec"
)

// There is no gentler one. Files are whole all the same, and a training goes on from
// its last state.
var stopSignal = os.Kill

func apart(*exec.Cmd, bool) {}

// withStudio returns a context that the end of the studio does not end.
func withStudio(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithCancel(ctx)
}
