// Command stubs makes the declarations of Unity's API that the scripts are compiled
// against, in testdata/stubs, from the lists in testdata/api:
//
//	go generate ./examples/engines/unity
//
// With -check it looks up every line of the lists in Unity's own sources instead, and
// so keeps a name out that Unity does not have. The sources are not part of this tree;
// testdata/api/README.md says where they are.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/impasto-go/impasto/examples/internal/cli"
)

func main() { cli.Main(run) }

func run(_ context.Context, args []string) error {
	flags := cli.NewFlags("[-check DIR] DIR",
		"Reads the lists in DIR/api and writes the stubs in DIR/stubs.")
	check := flags.String("check", "", "look the lists up in the sources in this `folder`, and write nothing")
	if err := cli.Parse(flags, args, 1); err != nil {
		return err
	}
	lists, err := filepath.Glob(filepath.Join(flags.Arg(0), "api", "*.api"))
	if err != nil || len(lists) == 0 {
		return fmt.Errorf("%s: no lists in %s", flags.Arg(0), filepath.Join("api", "*.api"))
	}
	var wrong []error
	for _, path := range lists {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		a, err := parse(string(text))
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".api")
		if *check != "" {
			if err := a.check(name, *check); err != nil {
				wrong = append(wrong, fmt.Errorf("%s: %w", path, err))
			}
			continue
		}
		if err := os.WriteFile(filepath.Join(flags.Arg(0), "stubs", name+".cs"), []byte(a.stub()), 0o666); err != nil {
			return err
		}
	}
	return errors.Join(wrong...)
}
