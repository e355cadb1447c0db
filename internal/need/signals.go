package need

import (
	"os"
	"os/signal"
	"testing"
)

// Signals has the programs that a test starts heed signals as usual, where the test
// itself was started with them ignored, as by nohup or in the background of a script:
// a signal that somebody listens to is back at its default in a new program.
func Signals(t testing.TB, signals ...os.Signal) {
	heard := make(chan os.Signal, 1)
	signal.Notify(heard, signals...)
	t.Cleanup(func() { signal.Stop(heard) })
}
