package studio

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/cli"
	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/examples/internal/programs/sweep"
	"github.com/impasto-go/impasto/examples/internal/programs/train"
	"github.com/impasto-go/impasto/examples/internal/report"
	"github.com/impasto-go/impasto/internal/need"
)

// TestMain lets the tests' program be the studio, and what the studio starts: with
// trainings so small that a busy machine has done some steps soon.
func TestMain(m *testing.M) {
	small := []string{"-image-size", "16", "-batch-size", "1", "-filters", "2,3,4", "-res-blocks", "1", "-style-layers", "relu1_2", "-content-scale", "8"}
	programs["train"] = func(ctx context.Context, args []string) error { return train.Run(ctx, append(args, small...)) }
	programs["sweep"] = func(ctx context.Context, args []string) error { return sweep.Run(ctx, append(args, small...)) }
	if len(os.Args) > 1 && (os.Args[1] == childFlag || os.Args[1] == "-http") {
		cli.Main(Run)
	}
	os.Exit(m.Run())
}

// start posts a recipe and returns the job's id.
func start(t *testing.T, s *studio, recipe map[string]any) string {
	t.Helper()
	b, err := json.Marshal(recipe)
	require.NoError(t, err)
	status, _, answer := ask(t, s, "POST", "/jobs", string(b), "X-Token: "+string(s.token))
	require.Equal(t, 200, status, answer)
	var started struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(answer), &started))
	return started.ID
}

// await waits until a job is as it should be.
func await(t *testing.T, s *studio, id string, until func(j *jobNews) bool) (found jobNews) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, j := range s.jobNews() {
			if j.ID == id {
				found = j
			}
		}
		return until(&found)
	}, patience, 50*time.Millisecond, "%+v", found)
	return found
}

// patience is for machines that are busy with other things.
const patience = 5 * time.Minute

// tiny is a training that takes a moment.
func tiny(name string, more map[string]any) map[string]any {
	r := map[string]any{"kind": "train", "name": name, "steps": 2, "vgg": "random"}
	for k, v := range more {
		r[k] = v
	}
	return r
}

// TestJobs: one job runs, the others wait; a training, an export of what it made and a
// sweep end well, one that cannot be done says why.
func TestJobs(t *testing.T) {
	dir := t.TempDir()
	savePNG(t, filepath.Join(dir, "a style's picture.png"), paint.Style(1, 64))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "broken.pth"), []byte("x"), 0o666))
	s := newStudio(t, dir)
	broken := start(t, s, map[string]any{"kind": "page", "name": "broken", "model": "broken.pth"})
	first := start(t, s, tiny("first", map[string]any{"style": "a style's picture.png", "strokes": -2, "goesOn": true}))
	await(t, s, first, func(j *jobNews) bool { return j.State != jobFailed })
	j := await(t, s, broken, func(j *jobNews) bool { return j.State == jobFailed })
	require.Contains(t, j.Log, "broken.pth")
	require.NoFileExists(t, filepath.Join(dir, "exports", "broken.html"))
	j = await(t, s, first, func(j *jobNews) bool { return j.State == jobFinished && j.Run != "" && j.Step == 2 })
	require.Contains(t, j.Command, `'a style'\''s picture.png'`)
	require.Equal(t, runID("runs/first"), j.Run)
	require.Equal(t, 2, j.Step)
	require.FileExists(t, filepath.Join(dir, "runs", "first", "final.pth"))
	for _, c := range []struct{ kind, profile, file string }{{"onnx", "sentis", "first.onnx"}, {"page", "", "first.html"}} {
		id := start(t, s, map[string]any{"kind": c.kind, "name": "first", "model": "runs/first/final.pth", "profile": c.profile})
		j = await(t, s, id, func(j *jobNews) bool { return j.State == jobFinished || j.State == jobFailed })
		require.Equal(t, jobFinished, j.State, j.Log)
		require.FileExists(t, filepath.Join(dir, "exports", c.file))
	}
	id := start(t, s, tiny("tried", map[string]any{"kind": "sweep", "strokes": 2}))
	j = await(t, s, id, func(j *jobNews) bool { return j.State == jobFinished && j.Sheet != "" || j.State == jobFailed })
	require.Equal(t, jobFinished, j.State, j.Log)
	status, header, _ := ask(t, s, "GET", "/pictures/"+j.Sheet, "")
	require.Equal(t, 200, status)
	require.Equal(t, "image/png", header.Get("Content-Type"))
	tried, err := filepath.Glob(filepath.Join(dir, "runs", "tried", "*.pth"))
	require.NoError(t, err)
	require.Len(t, tried, 3, "as many as weights")
}

// TestStopJob: what runs is stopped with its work saved, what waits never begins, and
// the end of the studio is the end of what runs.
func TestStopJob(t *testing.T) {
	dir := t.TempDir()
	s := newStudio(t, dir)
	long := map[string]any{"steps": 1_000_000}
	first, second := start(t, s, tiny("first", long)), start(t, s, tiny("second", long))
	await(t, s, first, func(j *jobNews) bool { return j.Step > 0 })
	require.Equal(t, jobQueued, await(t, s, second, func(*jobNews) bool { return true }).State)
	for _, token := range []string{"", "x"} {
		status, _, _ := ask(t, s, "POST", "/jobs/"+first+"/stop", "", "X-Token: "+token)
		require.Equal(t, 403, status)
	}
	for _, id := range []string{second, first} {
		status, _, answer := ask(t, s, "POST", "/jobs/"+id+"/stop", "", "X-Token: "+string(s.token))
		require.Equal(t, 204, status, answer)
	}
	await(t, s, first, func(j *jobNews) bool { return j.State == jobStopped })
	await(t, s, second, func(j *jobNews) bool { return j.State == jobStopped })
	require.NoDirExists(t, filepath.Join(dir, "runs", "second"))
	stopped(t, filepath.Join(dir, "runs", "first"))

	third := start(t, s, tiny("third", long))
	await(t, s, third, func(j *jobNews) bool { return j.Step > 0 })
	s.close()
	stopped(t, filepath.Join(dir, "runs", "third"))
}

// stopped wants a run's folder to be whole.
func stopped(t *testing.T, dir string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		return // where there is no gentle signal
	}
	r, err := report.ReadRun(filepath.Join(dir, "run.json"), nil)
	require.NoError(t, err)
	require.Equal(t, "stopped", r.Outcome)
	hidden, err := filepath.Glob(filepath.Join(dir, ".*[0-9]")) // as atomicfile calls them
	require.NoError(t, err)
	require.Empty(t, hidden, "nothing half-written")
}

// TestKilledStudio: a job ends with a studio that is killed, unless it is to go on.
func TestKilledStudio(t *testing.T) {
	if runtime.GOOS != "linux" {
		need.Missing(t, "platform", "only Linux tells a process that its parent was killed")
	}
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-http", "localhost:0", dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	defer func() { _ = cmd.Process.Kill() }()
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address := strings.TrimSpace(strings.TrimPrefix(line, "Studio: "))
	page, err := http.Get(address)
	require.NoError(t, err)
	var text strings.Builder
	_, err = bufio.NewReader(page.Body).WriteTo(&text)
	require.NoError(t, err)
	page.Body.Close()
	token := regexp.MustCompile(`name="token" content="(\w+)"`).FindStringSubmatch(text.String())[1]
	b, err := json.Marshal(tiny("killed", map[string]any{"steps": 1_000_000}))
	require.NoError(t, err)
	request, err := http.NewRequest("POST", address+"jobs", strings.NewReader(string(b)))
	require.NoError(t, err)
	request.Header.Set("X-Token", token)
	answer, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, 200, answer.StatusCode)
	run := filepath.Join(dir, "runs", "killed")
	require.Eventually(t, func() bool {
		info, err := os.Stat(filepath.Join(run, "losses.csv"))
		return err == nil && info.Size() > 0
	}, patience, 50*time.Millisecond)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	home, err := filepath.EvalSymlinks(dir)
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the job works there, and goes on to write after its run.json
		working, err := filepath.Glob("/proc/[0-9]*/cwd")
		require.NoError(t, err)
		return !slices.ContainsFunc(working, func(link string) bool {
			at, err := os.Readlink(link)
			return err == nil && at == home
		})
	}, patience, 50*time.Millisecond)
	stopped(t, run)
}

// TestRecipes: only what is in the folder, and within the knobs' ends, becomes a
// command; the knobs set flags.
func TestRecipes(t *testing.T) {
	dir := t.TempDir()
	savePNG(t, filepath.Join(dir, "glass.png"), paint.Style(1, 32))
	savePNG(t, filepath.Join(dir, "photos", "a.png"), paint.Style(1, 32))
	savePNG(t, filepath.Join(dir, "photos", "b.png"), paint.Style(1, 32))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "old.pth"), []byte("x"), 0o666))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "vgg19.pth"), []byte("x"), 0o666))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "runs", "taken"), 0o777))
	l, err := openLibrary(dir)
	require.NoError(t, err)
	defer l.close()
	whole := recipe{Kind: "train", Name: "x", Style: "glass.png", Dataset: "photos", VGG: "vgg19.pth", Init: "old.pth", Strokes: 1, Strength: 1, Still: 2, Steps: 70}
	o, err := l.order(&whole)
	require.NoError(t, err)
	args := strings.Join(o.args(), " ")
	require.Regexp(t, `^-style glass.png -dataset photos -init old.pth -vgg vgg19.pth -style-size 360 -style-weight [\d.e+]+ -stability 30000 -steps 70 -out runs/x$`, args)
	weight, _ := train.Usual(true)
	require.Contains(t, args, " -style-weight "+strconv.FormatFloat(weight*math.Sqrt(10), 'g', 3, 64)+" ", "a step is half a decade")
	sweeping := whole
	sweeping.Kind = "sweep"
	o, err = l.order(&sweeping)
	require.NoError(t, err)
	require.Contains(t, strings.Join(o.args(), " "), "-style-sizes 360,512 -style-weights ")

	for _, c := range []struct{ kind, init, dataset, want string }{
		{"train", "base", "", "-init base"}, {"train", "base", "photos", "-init base"}, {"sweep", "base", "", "-init base"},
		{"train", "", "", "-init  "}, // or the program would take its own
		{"train", "", "photos", ""}, {"sweep", "", "", "-init  "},
	} {
		r := whole
		r.Kind, r.Init, r.Dataset = c.kind, c.init, c.dataset
		o, err := l.order(&r)
		require.NoError(t, err)
		args := strings.Join(o.args(), " ")
		require.Equal(t, c.want != "", strings.Contains(args, "-init"), args)
		require.Contains(t, args, c.want)
	}

	usual := whole
	usual.VGG = ""
	o, err = l.order(&usual)
	require.NoError(t, err)
	require.Contains(t, strings.Join(o.args(), " "), "-vgg compact")

	for name, change := range map[string]func(r *recipe){
		"kind":       func(r *recipe) { r.Kind = "sh" },
		"no name":    func(r *recipe) { r.Name = "" },
		"up":         func(r *recipe) { r.Name = "../x" },
		"absolute":   func(r *recipe) { r.Name = "/tmp/x" },
		"drive":      func(r *recipe) { r.Name = `C:\x` },
		"device":     func(r *recipe) { r.Name = "con.x" },
		"dot":        func(r *recipe) { r.Name = "x." },
		"flag":       func(r *recipe) { r.Name = "-x" },
		"zero":       func(r *recipe) { r.Name = "x\x00" },
		"long":       func(r *recipe) { r.Name = strings.Repeat("x", 65) },
		"taken":      func(r *recipe) { r.Name = "taken" },
		"style":      func(r *recipe) { r.Style = "../glass.png" },
		"no style":   func(r *recipe) { r.Style = "" },
		"model":      func(r *recipe) { r.Init = "glass.png" },
		"dataset":    func(r *recipe) { r.Dataset = "/etc" },
		"judge":      func(r *recipe) { r.VGG = "https://example.org/vgg.pth" },
		"strokes":    func(r *recipe) { r.Strokes = 3 },
		"fine":       func(r *recipe) { r.Strokes = -3 },
		"strength":   func(r *recipe) { r.Strength = 1e9 },
		"still":      func(r *recipe) { r.Still = -1 },
		"stiller":    func(r *recipe) { r.Still = 4 },
		"steps":      func(r *recipe) { r.Steps = 1_000_001 },
		"onnx model": func(r *recipe) { r.Kind, r.Profile = "onnx", "sentis" },
		"profile":    func(r *recipe) { r.Kind, r.Model, r.Profile = "onnx", "old.pth", "x" },
		"size":       func(r *recipe) { r.Kind, r.Model, r.Profile, r.Width = "onnx", "old.pth", "sentis", 1<<20 },
		"page model": func(r *recipe) { r.Kind, r.Model = "page", "old" },
	} {
		r := whole
		change(&r)
		_, err := l.order(&r)
		var bad errBad
		require.ErrorAs(t, err, &bad, name)
	}
}

// TestJobGuards: starting takes the token and a proper recipe, and only so many wait.
func TestJobGuards(t *testing.T) {
	s := newStudio(t, t.TempDir())
	address, err := url.Parse(s.server.URL())
	require.NoError(t, err)
	token := "X-Token: " + string(s.token)
	for _, c := range []struct {
		path, body string
		headers    []string
		want       int
	}{
		{"/jobs", `{"kind":"train","name":"x"}`, nil, 403},
		{"/jobs", `{"kind":"train","name":"x"}`, []string{token + "x"}, 403},
		{"/jobs", `{"kind":"train","name":"x"}`, []string{token, "Origin: http://evil.example"}, 403},
		{"/jobs", `{"kind":"train","name":"x"}`, []string{token, "Sec-Fetch-Site: cross-site"}, 403},
		{"/jobs", `{"kind":"train","name":"x"}`, []string{token, "Host: evil.example:" + address.Port()}, 421},
		{"/jobs", `{"kind":"train","args":["-style","/etc/passwd"]}`, []string{token}, 400},
		{"/jobs", `[`, []string{token}, 400},
		{"/jobs", strings.Repeat(" ", 20<<10) + `{}`, []string{token}, 413},
		{"/jobs/preview", `{"kind":"train","name":"x"}`, nil, 403},
		{"/jobs/preview", `{"kind":"train","name":"../x"}`, []string{token}, 400},
		{"/jobs/nobody/stop", `{}`, []string{token}, 400},
	} {
		status, _, answer := ask(t, s, "POST", c.path, c.body, c.headers...)
		require.Equal(t, c.want, status, "%s %.60s: %s", c.path, c.body, answer)
	}
	require.Empty(t, s.jobNews())
	js := &jobs{lib: s.lib}
	js.all = append(js.all, &job{state: jobRunning, order: &order{Out: "runs/one"}})
	_, err = js.add(&order{Out: "runs/one"}, false)
	require.ErrorContains(t, err, "another job")
	for len(js.all) < maxJobs {
		js.all = append(js.all, &job{state: jobQueued, order: &order{}})
	}
	_, err = js.add(&order{Out: "runs/two"}, false)
	require.ErrorIs(t, err, errBusy)
	js.all[3].state = jobFailed
	_, err = js.add(&order{Out: "runs/two"}, false)
	require.NoError(t, err)
	require.Len(t, js.all, maxJobs)

	err = Run(context.Background(), []string{childFlag, "sh", "-c", "true"})
	require.ErrorContains(t, err, "no such program")
}
