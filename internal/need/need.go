// Package need says what a test needs and this machine may lack: a program, a
// Python module, an instruction set, files beside the repository, hours.
//
// A test that lacks something is skipped. The environment variable IMPASTO_REQUIRE
// makes it fail instead: a comma-separated list of the names in the table of this
// package, in which "all" stands for every name and "-name" takes one out again.
//
//	IMPASTO_REQUIRE=torch,ffmpeg   # these two must be there
//	IMPASTO_REQUIRE=all,-shared    # everything but the files beside the repository
//
// Each skip is appended to the file that IMPASTO_SKIPS names, as a line of package,
// test, name and reason with tabs between them. TestInventory in this package lists
// all needs of all tests, and no test skips in another way.
//
// IMPASTO_LONG is the other variable of the tests: set to 1, those that have a long
// form run it, and those that are long anyway run at all.
package need

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const (
	requireEnv = "IMPASTO_REQUIRE"
	skipsEnv   = "IMPASTO_SKIPS"
	longEnv    = "IMPASTO_LONG"
)

// Tool returns the path of something in the table: of a program, of a Python that
// has a module, of a folder. Without it the test is skipped, or fails.
func Tool(t testing.TB, name string) string {
	t.Helper()
	e, ok := lookup(name)
	if !ok || e.find == nil {
		t.Fatalf("need: nothing is known of how to find %q (internal/need/table.go)", name)
	}
	path, err := e.find()
	if err != nil {
		Missing(t, name, "%v; %s", err, e.get)
	}
	return path
}

// Missing skips a test that found out by itself that something is not there. It
// fails where IMPASTO_REQUIRE names it.
func Missing(t testing.TB, name, format string, args ...any) {
	t.Helper()
	if _, ok := lookup(name); !ok {
		t.Fatalf("need: %q has no entry in internal/need/table.go", name)
	}
	reason := fmt.Sprintf(format, args...)
	if required(os.Getenv(requireEnv), name) {
		t.Fatalf("%s demands %s: %s", requireEnv, name, reason)
	}
	if err := record(t.Name(), name, reason); err != nil {
		t.Fatal(err)
	}
	t.Skip(reason)
}

// Required tells whether IMPASTO_REQUIRE names something, for tests that expect
// either the thing or a clear error.
func Required(name string) bool { return required(os.Getenv(requireEnv), name) }

// Shared returns the path of a file in the folder "shared" beside the repository,
// which holds files that are not ours to distribute. No promise rests on it alone.
func Shared(t testing.TB, file string) string {
	t.Helper()
	path, err := above(filepath.Join("shared", filepath.FromSlash(file)))
	if err != nil {
		Missing(t, "shared", "shared/%s is not beside the repository", file)
	}
	return path
}

// Python runs a script with a Python that has the named module and returns what it
// prints. It fails with the script's messages.
func Python(t testing.TB, name, script string, args ...string) string {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command(Tool(t, name), append([]string{"-W", "ignore", "-c", script}, args...)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s script: %v\n%s%s", name, err, stdout.String(), stderr.String())
	}
	return stdout.String()
}

// Long tells whether tests run their long forms.
func Long() bool { return !slices.Contains([]string{"", "0"}, os.Getenv(longEnv)) }

// OnlyLong skips a test that takes minutes, unless long forms are wanted.
func OnlyLong(t testing.TB) {
	t.Helper()
	if !Long() {
		Missing(t, "long", "takes minutes; set %s=1", longEnv)
	}
}

// required interprets the list: the last word on a name counts.
func required(list, name string) bool {
	is := false
	for _, word := range strings.Split(list, ",") {
		switch strings.TrimSpace(word) {
		case name, "all":
			is = true
		case "-" + name:
			is = false
		}
	}
	return is
}

// record appends a line to the file of skips. Packages are tested by processes of
// their own; one write keeps their lines whole.
func record(test, name, reason string) error {
	path := os.Getenv(skipsEnv)
	if path == "" {
		return nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s\t%s\t%s\t%s\n", dir, test, name, strings.Join(strings.Fields(reason), " "))
	if close := f.Close(); err == nil {
		err = close
	}
	return err
}

// above finds a file in the working directory or one above it.
func above(file string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		path := filepath.Join(dir, file)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
		if dir == filepath.Dir(dir) {
			return "", os.ErrNotExist
		}
		dir = filepath.Dir(dir)
	}
}
