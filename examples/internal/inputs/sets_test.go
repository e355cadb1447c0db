package inputs

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/train/dataset"
)

func TestParseSet(t *testing.T) {
	for text, want := range map[string]Set{
		"photos":             {"photos", 1},
		"photos.zip:3":       {"photos.zip", 3},
		"movie.mp4:0.25":     {"movie.mp4", 0.25},
		"a:b:2":              {"a:b", 2},
		`C:\photos`:          {`C:\photos`, 1},
		`C:\photos:3`:        {`C:\photos`, 3},
		"C:3":                {"C:3", 1}, // a file on a drive
		"take:two":           {"take:two", 1},
		"take:":              {"take:", 1},
		":3":                 {":3", 1},
		"photos:nan":         {"photos:nan", 1},
		"photos:0x3":         {"photos:0x3", 1},
		"z:\\photos":         {"z:\\photos", 1},
		"Z:3":                {"Z:3", 1},
		"a:3":                {"a:3", 1},
		"1:3":                {"1", 3},
		"photos:1e3":         {"photos", 1000},
		"http://x/photos":    {"http://x/photos", 1},
		"2001: A Space:2:.5": {"2001: A Space:2", 0.5},
	} {
		got, err := ParseSet(text)
		require.NoError(t, err)
		require.Equal(t, want, got, text)
		again, err := ParseSet(got.String())
		require.NoError(t, err)
		require.Equal(t, got, again, text)
	}
	for _, text := range []string{"photos:0", "photos:-1", "photos:1e10"} {
		_, err := ParseSet(text)
		require.ErrorContains(t, err, "above 0")
	}
	if runtime.GOOS != "windows" { // whose names have no colons
		path := filepath.Join(t.TempDir(), "take:3")
		require.NoError(t, os.Mkdir(path, 0o777))
		got, err := ParseSet(path)
		require.NoError(t, err)
		require.Equal(t, Set{path, 1}, got)
		got, err = ParseSet(path + ":2")
		require.NoError(t, err)
		require.Equal(t, Set{path, 2}, got)
	}
}

// TestTexts: run.json of runs with one dataset is as it always was.
func TestTexts(t *testing.T) {
	for text, want := range map[string]Texts{`""`: nil, `"a:2"`: {"a:2"}, `["a","b:2"]`: {"a", "b:2"}} {
		var got Texts
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got)
		b, err := json.Marshal(got)
		require.NoError(t, err)
		require.Equal(t, text, string(b))
	}
	var got Texts
	require.Error(t, json.Unmarshal([]byte(`3`), &got))
	abs, err := Texts{"a", "b:2"}.Absolute()
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(abs[0]) && filepath.IsAbs(abs[1]))
	require.Equal(t, "b:2", filepath.Base(abs[1]))
}

// TestWithoutFiles: without files there are drawn pictures, with mirror images if these are
// wanted, a style and a test picture.
func TestWithoutFiles(t *testing.T) {
	drawn, err := OpenPictures(Choice{Mirror: true, ContentScale: 1})
	require.NoError(t, err)
	require.Equal(t, 2*128, drawn.Data.Len())
	require.Equal(t, "drawn scene 3", drawn.Data.Name(3))
	require.Equal(t, [4]int{960, 540, 256, 256}, [4]int{drawn.Test.W, drawn.Test.H, drawn.Style.W, drawn.Style.H})
}

// TestSeveralSets opens two sets as a mix, with the budget and mirror images of both.
func TestSeveralSets(t *testing.T) {
	one, two := plant(t, "a/1.png", "a/2.png"), plant(t, "b/1.png", "b/2.png", "3.png")
	p, err := OpenPictures(Choice{Sets: []Set{{one, 3}, {two, 1}}, Mirror: true, ContentScale: 1})
	require.NoError(t, err)
	defer p.Close()
	require.Equal(t, 8, p.Data.Len())
	require.Contains(t, p.Note, "1 of 3 pictures are left out")
	shares := p.Data.(*dataset.Mix).Shares()
	require.Equal(t, []float64{3, 1}, []float64{shares[0].Weight, shares[1].Weight})
	for _, sets := range [][]Set{{{one, 3}, {two + "-missing", 1}}, {{one, 1}, {two, 1e-9}}} {
		_, err := OpenPictures(Choice{Sets: sets, ContentScale: 1})
		require.ErrorContains(t, err, "-dataset: ")
	}
	_, err = OpenPictures(Choice{Sets: []Set{{filepath.Join(one, "x.mp4"), 1}}, ContentScale: 1})
	require.ErrorContains(t, err, "is a video")
}
