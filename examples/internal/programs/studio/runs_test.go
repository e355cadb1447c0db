package studio

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/examples/internal/report"
)

type news struct {
	ID, Status string
	Ended      bool
	Step       int
	Points     [][]float64
	Samples    []int
	Notes      []string
}

// TestFollow follows a run that is being trained, is stopped, resumed from an earlier
// step and finished, by its files alone.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "runs", "one")
	writeRun(t, folder, 40, 0.1, "")
	s := newStudio(t, dir)
	var list []summary
	fetch(t, s, "/runs.json", &list)
	require.Len(t, list, 1)
	require.Equal(t, "runs/one", list[0].Path)
	require.Equal(t, "training", list[0].Status)
	require.Equal(t, 40, list[0].Steps)
	require.Equal(t, 40, list[0].Sample)
	base := "/runs/" + list[0].ID + "/"
	look := func(until func(n *news) bool) (n news) {
		t.Helper()
		require.Eventually(t, func() bool {
			n = news{}
			fetch(t, s, base+"state.json", &n)
			return until(&n)
		}, patience, 50*time.Millisecond)
		return n
	}
	n := look(func(n *news) bool { return n.Step == 40 })
	require.Len(t, n.Points, 40)
	require.Equal(t, []int{10, 20, 30, 40}, n.Samples, "an epoch has 20 batches")
	require.False(t, n.Ended)

	file, err := os.OpenFile(filepath.Join(folder, "losses.csv"), os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = file.WriteString("41,3,4,1,2,3\n42,3,8,1,2")
	require.NoError(t, err)
	n = look(func(n *news) bool { return n.Step == 41 })
	require.Equal(t, []float64{41, 1, 2}, n.Points[40])
	_, err = file.WriteString(",3\n")
	require.NoError(t, err)
	require.NoError(t, file.Close())
	look(func(n *news) bool { return n.Step == 42 })

	// Resumed from step 30, the file is cut.
	id := n.ID
	require.NoError(t, os.WriteFile(filepath.Join(folder, "losses.csv"), []byte(rows(0, 32, 0.2)), 0o666))
	n = look(func(n *news) bool { return n.Step == 32 })
	require.NotEqual(t, id, n.ID, "browsers begin anew")
	require.Len(t, n.Points, 32)

	// The losses of single layers come now and then, and belong to steps that are there.
	layers := &report.Layers{Names: []string{"style/relu1_2"}, Rows: []report.LayerRow{{Step: 10, Values: []float64{7}}}}
	require.NoError(t, layers.Write(filepath.Join(folder, "layers.csv")))
	n = look(func(n *news) bool { return n.Step == 32 && len(n.Points) == 32 && len(n.Points[0]) == 4 })
	require.Equal(t, []float64{7, 7}, []float64{n.Points[9][3], n.Points[31][3]}, "held after the last row")
	id = n.ID
	layers.Rows = append(layers.Rows, report.LayerRow{Step: 20, Values: []float64{5}})
	require.NoError(t, layers.Write(filepath.Join(folder, "layers.csv")))
	require.NoError(t, os.Chtimes(filepath.Join(folder, "layers.csv"), time.Now(), time.Now().Add(time.Hour)))
	n = look(func(n *news) bool { return n.Step == 32 && n.Points[31][3] == 5 })
	require.Equal(t, []float64{7, 5}, []float64{n.Points[9][3], n.Points[10][3]})
	require.Equal(t, id, n.ID)
	still := report.Flicker{{Step: 20}}
	still[0].NoiseGain, still[0].Warp = 7.4, 3
	require.NoError(t, still.Write(filepath.Join(folder, "flicker.csv")))
	look(func(n *news) bool { return slices.Contains(n.Notes, "noise gain 7.40, warping 3.0") })

	r, err := report.ReadRun(filepath.Join(folder, "run.json"), nil)
	require.NoError(t, err)
	r.End("finished", 32, nil)
	require.NoError(t, r.Write(filepath.Join(folder, "run.json")))
	n = look(func(n *news) bool { return n.Ended })
	require.Equal(t, "finished", n.Status)
	status, _, page := ask(t, s, "GET", base, "")
	require.Equal(t, 200, status)
	require.Contains(t, page, `<nav aria-label="Studio">`)
	for _, name := range []string{"style.png", "test.png", "samples/10.png"} {
		status, header, _ := ask(t, s, "GET", base+name, "")
		require.Equal(t, 200, status, name)
		require.Equal(t, "image/png", header.Get("Content-Type"))
	}
	status, _, _ = ask(t, s, "POST", base+"stop", "", "X-Token: "+string(s.token))
	require.Equal(t, 405, status, "nobody here can stop it")
}

// TestOddRuns: folders that are no proper runs are listed with what is wrong, and
// disturb nothing.
func TestOddRuns(t *testing.T) {
	dir := t.TempDir()
	writeRun(t, filepath.Join(dir, "good"), 8, 0.1, "finished")
	for name, content := range map[string]string{"empty": "", "other": `{"name": "a package"}`, "list": "[1]", "huge": string(make([]byte, maxRunFile+1))} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "run.json"), []byte(content), 0o666))
	}
	for name, losses := range map[string]string{
		"binary": "\x00\xff\n\n", "words": "step,epoch,images,content,total\na,b,c,d,e\n", "long": string(make([]byte, 1<<20)),
		"backwards": "step,epoch,images,content,total\n2,1,1,1,1\n1,1,1,1,1\n",
	} {
		writeRun(t, filepath.Join(dir, name), 8, 0.1, "finished")
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, "losses.csv"), []byte(losses), 0o666))
	}
	// A run may name files outside the folder: they are not shown.
	outside := t.TempDir()
	savePNG(t, filepath.Join(outside, "secret.png"), paint.Style(1, 32))
	r, err := report.NewRun("train", map[string]any{"style": filepath.Join(outside, "secret.png"), "test": "../../secret.png"}, 1, "cpu")
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "thief"), 0o777))
	require.NoError(t, r.Write(filepath.Join(dir, "thief", "run.json")))

	s := newStudio(t, dir)
	var list []summary
	fetch(t, s, "/runs.json", &list)
	require.Len(t, list, 10)
	for _, r := range list {
		status, _, _ := ask(t, s, "GET", "/runs/"+r.ID+"/state.json", "")
		switch r.Path {
		case "good":
			require.Equal(t, "finished", r.Status)
			require.Equal(t, 200, status)
		case "thief":
			require.Equal(t, 200, status)
			for _, picture := range []string{"style.png", "test.png"} {
				status, _, _ := ask(t, s, "GET", "/runs/"+r.ID+"/"+picture, "")
				require.Equal(t, 404, status)
			}
		case "binary", "long":
			require.Equal(t, "finished", r.Status, "it has no curves")
		default:
			require.NotEqual(t, "finished", r.Status, r.Path)
			require.NotEmpty(t, r.Status)
		}
	}
}
