//go:build race

package train_test

// The race detector keeps a history of what was touched, by tens of megabytes that
// are not the trainer's.
func init() { resident = func() int { return 0 } }
