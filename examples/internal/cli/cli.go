// Package cli is what the example programs share: exit codes, one-sentence
// errors on stderr, flags, and an interrupt that becomes a canceled context.
//
//	func main() { cli.Main(run) }
//
//	func run(ctx context.Context, args []string) error {
//		flags := cli.NewFlags("-in FILE", "Does this and that.")
//		in := flags.String("in", "", "the `file` to read")
//		if err := cli.Parse(flags, args, 0); err != nil {
//			return err
//		}
//		if *in == "" {
//			return cli.Usagef("-in is missing")
//		}
//		...
//	}
package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/impasto-go/impasto/internal/printable"
)

// The exit codes of every program.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130 // 128 + SIGINT, as shells report it
)

// Main calls run with the command line's arguments and exits with 0 (also
// after -h), 1 when run failed, 2 when its error came from Usagef or Parse, and
// 130 when it returned because its context was canceled. The first SIGINT,
// SIGTERM or SIGHUP (the terminal is gone) cancels the context; the second ends the
// program at once. That nobody reads what it prints any more ends nothing.
func Main(run Program) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), heeded()...)
	context.AfterFunc(ctx, func() {
		stop()
		time.Sleep(patience)
		Note("still stopping; a second Ctrl-C ends the program at once, and what is not saved by then is lost")
	})
	err := run(ctx, os.Args[1:])
	os.Exit(report(os.Stderr, Name(), ctx, err))
}

// patience is how long a program may take to stop before it says that it does.
const patience = 3 * time.Second

// heeded returns the signals that end a program, but those that whoever started it
// had it ignore, as nohup does with SIGHUP.
func heeded() (signals []os.Signal) {
	for _, s := range stopSignals {
		if !signal.Ignored(s) {
			signals = append(signals, s)
		}
	}
	return signals
}

// Note prints a line on stderr that is no error.
func Note(line string) {
	fmt.Fprintf(os.Stderr, "%s: %s\n", Name(), printable.Line(line))
}

// Usagef returns an error about the command line; it should name the flag.
func Usagef(format string, args ...any) error {
	return &usageError{fmt.Errorf(format, args...)}
}

// Told returns err for a process whose like has told the user already: Main exits as
// with err, without a word.
func Told(err error) error {
	if err == nil {
		return nil
	}
	return &toldError{err}
}

type toldError struct{ err error }

func (e *toldError) Error() string { return e.err.Error() }
func (e *toldError) Unwrap() error { return e.err }

type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// report writes err on w in one line and returns the exit code.
func report(w io.Writer, program string, ctx context.Context, err error) int {
	var usage *usageError
	if told := (*toldError)(nil); errors.As(err, &told) {
		w = io.Discard
	}
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(w, "%s: %s\n", program, printable.Error(err))
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		fmt.Fprintf(w, "%s: interrupted\n", program)
		return exitInterrupted
	}
	fmt.Fprintf(w, "%s: %s\n", program, printable.Error(err))
	return exitFailed
}
