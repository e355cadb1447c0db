package studio

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/internal/printable"
)

// jobs are trainings and exports that a page has started: processes of this program,
// one at a time, the others wait. Arguments are lists, never a line for a shell. A job
// ends with the studio unless it was to go on; either way its program leaves whole
// files only.
type jobs struct {
	lib *library

	mu    sync.Mutex
	all   []*job // in the order of their start
	over  bool   // the studio ends: nothing new begins
	group sync.WaitGroup
}

// The bounds of jobs.
const (
	maxJobs   = 40          // that are listed
	maxLog    = 6 << 10     // bytes of a log that are shown
	stopTime  = time.Minute // for the step that is under way
	logFolder = ".impasto-studio"
)

// The states of a job.
const (
	jobQueued   = "waiting"
	jobRunning  = "running"
	jobStopping = "stopping"
	jobFinished = "finished"
	jobStopped  = "stopped"
	jobFailed   = "failed"
)

// job is one of them. All is guarded by jobs.mu.
type job struct {
	id             string
	order          *order
	goesOn         bool // when the studio ends
	state          string
	log            string // file
	added          time.Time
	started, ended time.Time
	process        *os.Process
}

func (j *job) done() bool {
	return j.state == jobFinished || j.state == jobStopped || j.state == jobFailed
}

// add queues a job.
func (js *jobs) add(o *order, goesOn bool) (*job, error) {
	js.mu.Lock()
	defer js.mu.Unlock()
	if js.over {
		return nil, badf("the studio is ending")
	}
	for _, j := range js.all {
		if !j.done() && j.order.Out == o.Out {
			return nil, badf("another job is making %s: choose another name", o.Out)
		}
	}
	if len(js.all) >= maxJobs {
		i := slices.IndexFunc(js.all, (*job).done)
		if i < 0 {
			return nil, errBusy
		}
		js.all = slices.Delete(js.all, i, i+1)
	}
	j := &job{id: rand.Text(), order: o, goesOn: goesOn, state: jobQueued, added: time.Now()}
	js.all = append(js.all, j)
	js.next()
	return j, nil
}

// next starts the job that waits for longest, if none is running. mu is held.
func (js *jobs) next() {
	if js.over || slices.ContainsFunc(js.all, func(j *job) bool { return j.state == jobRunning || j.state == jobStopping }) {
		return
	}
	i := slices.IndexFunc(js.all, func(j *job) bool { return j.state == jobQueued })
	if i < 0 {
		return
	}
	j := js.all[i]
	j.state, j.started = jobRunning, time.Now()
	started := make(chan struct{})
	js.group.Go(func() { js.run(j, started) })
	js.mu.Unlock()
	<-started
	js.mu.Lock()
}

// run starts a job and waits for its end.
func (js *jobs) run(j *job, started chan<- struct{}) {
	// The system may end a process with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd, err := js.start(j)
	close(started)
	if err == nil {
		err = cmd.Wait()
	}
	js.mu.Lock()
	defer js.mu.Unlock()
	j.ended, j.process = time.Now(), nil
	switch {
	case j.state == jobStopping:
		j.state = jobStopped
	case err != nil:
		j.state = jobFailed
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			j.log = ""
			j.order.Command += "\n" + printable.Error(err)
		}
	default:
		j.state = jobFinished
	}
	js.next()
}

// start makes the process.
func (js *jobs) start(j *job) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	root := js.lib.root
	for _, dir := range []string{logFolder, filepath.Dir(filepath.FromSlash(j.order.Out))} {
		if err := root.MkdirAll(dir, 0o777); err != nil {
			return nil, err
		}
	}
	log := filepath.Join(logFolder, j.added.Format("20060102-150405-")+j.id[:6]+".log")
	out, err := root.Create(log) // a file: it has to outlive the studio
	if err != nil {
		return nil, err
	}
	defer out.Close()
	cmd := exec.Command(self, cli.Arguments(append([]string{childFlag, j.order.Program}, j.order.args()...)...)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = js.lib.dir, out, out
	apart(cmd, !j.goesOn)
	err = cmd.Start()
	js.mu.Lock()
	defer js.mu.Unlock()
	j.log, j.process = log, cmd.Process
	return cmd, err
}

// childFlag is the first argument of a process that is to be one of programs.
const childFlag = "-job"

// child runs one of programs where args ask for it.
func child(ctx context.Context, args []string) (is bool, err error) {
	if len(args) < 2 || args[0] != childFlag {
		return false, nil
	}
	run, ok := programs[args[1]]
	if !ok {
		return true, cli.Usagef("%s %s: the studio starts no such program", childFlag, args[1])
	}
	ctx, stop := withStudio(ctx)
	defer stop()
	return true, run(ctx, args[2:])
}

// stop ends a job: one that waits at once, one that runs when it has saved its work.
func (js *jobs) stop(id string) error {
	js.mu.Lock()
	defer js.mu.Unlock()
	j := js.find(id)
	if j == nil {
		return badf("there is no such job")
	}
	switch {
	case j.state == jobQueued:
		j.state, j.ended = jobStopped, time.Now()
	case j.state == jobRunning && j.process != nil:
		j.state = jobStopping
		return j.process.Signal(stopSignal)
	}
	return nil
}

func (js *jobs) find(id string) *job {
	for _, j := range js.all {
		if j.id == id {
			return j
		}
	}
	return nil
}

// close ends what is not to go on, and waits for it.
func (js *jobs) close() {
	js.mu.Lock()
	js.over = true
	left := false
	var going *os.Process
	for _, j := range js.all {
		switch {
		case j.state == jobQueued:
			j.state = jobStopped
		case j.process != nil && j.goesOn:
			left = true
		case j.process != nil:
			going = j.process
			j.state = jobStopping
			_ = j.process.Signal(stopSignal) // it may have ended by now
		}
	}
	js.mu.Unlock()
	if left {
		return // its waiter ends with this process
	}
	if going != nil {
		kill := time.AfterFunc(stopTime, func() { _ = going.Kill() })
		defer kill.Stop()
	}
	js.group.Wait()
}

// jobNews is a job as a page sees it.
type jobNews struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Program string    `json:"program"`
	Command string    `json:"command"`
	Out     string    `json:"out"`
	State   string    `json:"state"`
	GoesOn  bool      `json:"goesOn"`
	Started time.Time `json:"started,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Log     string    `json:"log"` // its end
	Run     string    `json:"run"` // id of the run's page, "" before there is one
	Step    int       `json:"step"`
	Total   int       `json:"total"`
	Sheet   string    `json:"sheet"` // picture of a sweep
}

// news tells how all jobs go, the latest first.
func (s *studio) jobNews() []jobNews {
	list := []jobNews{}
	s.jobs.mu.Lock()
	for _, j := range s.jobs.all {
		list = append(list, jobNews{
			ID: j.id, Name: j.order.describe(), Program: j.order.Program, Command: j.order.Command, Out: j.order.Out,
			State: j.state, GoesOn: j.goesOn, Started: j.started, Ended: j.ended, Log: j.log,
		})
	}
	s.jobs.mu.Unlock()
	slices.Reverse(list)
	for i := range list {
		n := &list[i]
		n.Log = s.lib.tail(n.Log)
		switch n.Program {
		case "train":
			if r := s.runs.find(runID(n.Out)); r != nil {
				sum := r.summary()
				n.Run, n.Step, n.Total = r.id, sum.Steps, sum.Total
			}
		case "sweep":
			if it, err := s.lib.find(n.Out+"/sheet.png", kindPicture); err == nil {
				n.Sheet = it.Path
			}
		}
	}
	return list
}

// tail returns the end of a log.
func (l *library) tail(name string) string {
	if name == "" {
		return ""
	}
	f, err := l.root.Open(name)
	if err != nil {
		return ""
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.Size() > maxLog {
		_, _ = f.Seek(-maxLog, io.SeekEnd) // within the file
	}
	b, _ := io.ReadAll(io.LimitReader(f, maxLog))
	var lines []string
	for line := range strings.SplitSeq(strings.TrimRight(string(b), "\n"), "\n") {
		lines = append(lines, printable.Text(line))
	}
	return strings.Join(lines, "\n")
}

// wanted returns the order for the recipe in a request, and whether its job outlives the
// studio. Without an order the request has been answered.
func (s *studio) wanted(w http.ResponseWriter, r *http.Request) (o *order, goesOn bool) {
	if !s.token.In(w, r) {
		return nil, false
	}
	var v struct {
		recipe
		GoesOn bool `json:"goesOn"`
	}
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 16<<10))
	d.DisallowUnknownFields()
	err := d.Decode(&v)
	if err != nil {
		err = badf("what came is no recipe: %w", err)
	} else {
		o, err = s.lib.order(&v.recipe)
	}
	if err != nil {
		refuse(w, err)
		return nil, false
	}
	return o, v.GoesOn
}

// servePreview shows the command of a recipe.
func (s *studio) servePreview(w http.ResponseWriter, r *http.Request) {
	if o, _ := s.wanted(w, r); o != nil {
		sendJSON(w, o)
	}
}

func (s *studio) serveJobs(w http.ResponseWriter, r *http.Request) { sendJSON(w, s.jobNews()) }

func (s *studio) serveStart(w http.ResponseWriter, r *http.Request) {
	o, goesOn := s.wanted(w, r)
	if o == nil {
		return
	}
	j, err := s.jobs.add(o, goesOn)
	if err != nil {
		refuse(w, err)
		return
	}
	sendJSON(w, map[string]string{"id": j.id})
}

func (s *studio) serveStopJob(w http.ResponseWriter, r *http.Request) {
	if !s.token.In(w, r) {
		return
	}
	if err := s.jobs.stop(r.PathValue("id")); err != nil {
		refuse(w, fmt.Errorf("it cannot be stopped: %w", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
