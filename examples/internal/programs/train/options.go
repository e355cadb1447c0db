package train

import (
	"encoding/json"
	"flag"
	"path/filepath"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/inputs"
	"github.com/impasto-go/impasto/train/ranks"
)

// options are the command line: the settings of the run and where and how it is
// watched.
type options struct {
	settings
	out         string
	resume      bool
	from        int
	quiet       bool
	http        string
	tensorboard string
	np          int    // processes to start
	mpirun      string // what else mpirun is told
	fresh       bool   // a network is described, and none named to start from
}

// parse reads the command line, and the settings of a run to resume as the first of
// the group finds them: the others may run where its folder is not.
func parse(args []string, group ranks.Group) (*options, error) {
	// The dataset decides which defaults hold, and -resume whether any do.
	look := &options{settings: tutorial()}
	if err := look.parse(args); err != nil {
		return nil, err
	}
	o := &options{settings: demo()}
	if look.resume {
		s, err := sharedSettings(look.out, group)
		if err != nil {
			return nil, err
		}
		o.settings = s
	} else if len(look.Dataset) > 0 {
		o.settings = tutorial()
		if look.VGG == inputs.CompactVGG {
			o.StyleLayers = inputs.CompactLayers()
		}
	}
	if err := o.parse(args); err != nil {
		return nil, err
	}
	if o.fresh {
		o.Init = ""
	}
	if o.out == "" {
		o.out = filepath.Join("runs", time.Now().Format("20060102-150405"))
	}
	if err := inputs.Missing(len(o.Dataset) > 0, o.VGG, o.Style); err != nil {
		return nil, err
	}
	return o, o.absolute()
}

// sharedSettings returns those of the run in a folder of the first of the group.
func sharedSettings(dir string, group ranks.Group) (s settings, err error) {
	var b []byte
	if group.Rank() == 0 {
		if s, err = readSettings(dir); err == nil {
			b, err = json.Marshal(s)
		}
	}
	if err := ranks.Agree(group, err); err != nil {
		return s, err
	}
	if b, err = ranks.Share(group, 0, b); err == nil {
		err = json.Unmarshal(b, &s)
	}
	return s, err
}

// lossesFile returns where the losses of each step go.
func (o *options) lossesFile() string {
	if o.Losses != "" {
		return o.Losses
	}
	return filepath.Join(o.out, "losses.csv")
}

// absolute makes the settings hold in every working directory.
func (s *settings) absolute() (err error) {
	if s.Dataset, err = s.Dataset.Absolute(); err != nil {
		return err
	}
	files := []*string{&s.Style, &s.Test, &s.Losses}
	if s.VGG != inputs.RandomVGG && s.VGG != inputs.CompactVGG {
		files = append(files, &s.VGG)
	}
	if s.Init != inputs.BaseInit {
		files = append(files, &s.Init)
	}
	for _, f := range files {
		if *f == "" {
			continue
		}
		full, err := filepath.Abs(*f)
		if err != nil {
			return err
		}
		*f = full
	}
	return nil
}

func (o *options) parse(args []string) error {
	flags := cli.NewFlags("[-dataset DIR -style FILE -vgg FILE] [flags]",
		"Trains a style transfer network. Without -dataset it draws a style and pictures itself.")
	flagsOf(flags, &o.settings)
	flags.Others("without -dataset", func(f *cli.Flags) {
		s := demo()
		flagsOf(f, &s)
	})
	flags.Section("Run folder and terminal")
	flags.StringVar(&o.out, "out", "", "`folder` for checkpoints, samples and results; runs/DATE-TIME if missing")
	var resume string
	flags.StringVar(&resume, "resume", "", "continue the run in `folder`, with its settings")
	flags.IntVar(&o.from, "from", 0, "with -resume, continue from the newest state up to this `step`; 0 for the newest of all")
	flags.BoolVar(&o.quiet, "quiet", false, "print log lines instead of a progress bar")
	flags.StringVar(&o.http, "http", "", "serve a page that shows the progress at this `address`, such as localhost:8080")
	flags.StringVar(&o.tensorboard, "tensorboard", "", "write event files for TensorBoard to `folder`")
	flags.Section("Devices and processes")
	flags.IntVar(&o.np, "np", 1, "start so many processes with mpirun, which share every batch (needs a build with -tags mpi)")
	flags.StringVar(&o.mpirun, "mpirun", "", "more `arguments` for mpirun, such as \"--host one:1,two:1\"")
	if err := cli.Parse(flags, args, 0); err != nil {
		return err
	}
	if flags.Given("epochs") && !flags.Given("steps") {
		o.Steps = 0 // those of the demo, or of the run to resume, do not count then
	}
	o.fresh = !flags.Given("init") && (flags.Given("arch") || flags.Given("filters") || flags.Given("res-blocks"))
	if resume == "" {
		if o.from != 0 {
			return cli.Usagef("-from %d: it chooses a state for -resume, which is missing", o.from)
		}
		return nil
	}
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	o.resume, o.out = true, resume
	return resumable(given)
}
