package temporal

import "fmt"

// LoopOptions are the settings of a style in a game's frame loop.
type LoopOptions struct {
	Options
	// Every has the network style every n-th frame; those between show its last
	// picture, moved. 0 means 1.
	Every int
	// Spread distributes the network's work over these n frames, instead of doing it in
	// one: no frame takes much longer than others, and the picture is of the frame in
	// which the work began.
	Spread bool
}

// Check returns an error that says which setting is out of range.
func (o *LoopOptions) Check() error {
	switch {
	case !(o.Keep >= 0 && o.Keep < 1):
		return fmt.Errorf("temporal: keep %v is not in 0 to less than 1", o.Keep)
	case !(o.DepthTolerance >= 0):
		return fmt.Errorf("temporal: the tolerance of depth is %v", o.DepthTolerance)
	case o.Every < 0:
		return fmt.Errorf("temporal: every %dth frame", o.Every)
	case o.Threads < 0:
		return fmt.Errorf("temporal: %d threads", o.Threads)
	}
	return nil
}
