package studio

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/browsertest"
)

// looks takes screenshots of a page at both widths and in both colors, and wants
// nothing cut off.
func looks(t *testing.T, b *browsertest.Browser, name string, height int) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{1280, 390} {
			b.Screen(width, height, width < 1280, scheme)
			b.Await("[...document.images].every(i => i.complete)", true)
			require.LessOrEqual(t, b.Eval("return document.documentElement.scrollWidth").(float64), float64(width), "%s is cut off", name)
			suffix := map[int]string{1280: "", 390: "-phone"}[width]
			b.Shot("studio-" + name + suffix + "-" + scheme)
		}
	}
	b.Screen(1280, height, false, "light")
}

// TestBrowserRuns looks through runs and compares two, in a real browser.
func TestBrowserRuns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeRun(t, filepath.Join(dir, "glass"), 400, 0.01, "finished")
	writeRun(t, filepath.Join(dir, "runs", "woodcut-coarse"), 240, 0.03, "stopped")
	writeRun(t, filepath.Join(dir, "runs", "failed"), 40, 0.03, "failed: the disk is full")
	s := newStudio(t, dir)
	b := browsertest.New(t, "--disable-gpu")
	b.Screen(1280, 1500, false, "light")
	b.Open(s.server.URL())
	b.Await("document.querySelectorAll('.card').length", 3.0)
	require.Equal(t, false, b.Eval("return document.getElementById('comparison').checkVisibility()"))

	// Chosen with the keyboard and the mouse.
	b.Type(`.card[data-id="`+runID("glass")+`"] input`, " ")
	b.Click(`.card[data-id="` + runID("runs/woodcut-coarse") + `"] input`)
	b.Await("chart.curves.length", 2.0)
	b.Await("chart.curves.map(c => c.steps.length).sort().join()", "240,400")
	b.Await("document.querySelectorAll('#side img').length", 2.0)
	require.Equal(t, "total,content,style", b.Eval("return [...document.getElementById('term').options].map(o => o.value).join()"))
	b.Eval(`const c = document.querySelector("canvas"), r = c.getBoundingClientRect();
		c.dispatchEvent(new PointerEvent("pointermove", {clientX: r.left + r.width / 4, clientY: r.top + 90, bubbles: true}))`)
	tip := b.Eval("return document.querySelector('.tip').textContent").(string)
	require.Contains(t, tip, "glass")
	require.Contains(t, tip, "runs/woodcut-coarse")
	b.Eval("document.getElementById('term').value = 'content'; document.getElementById('term').onchange()")
	require.Less(t, b.Eval("return Math.max(...chart.curves[0].values)").(float64), 4.1e5)
	b.Eval("const e = document.getElementById('at'); e.value = 20; e.dispatchEvent(new Event('input'))")
	require.Equal(t, "step 80", b.Eval("return document.getElementById('step').textContent"))
	require.Contains(t, b.Eval("return document.getElementById('side').textContent"), "glass, step 100")
	b.Click("#over")
	require.Equal(t, 1.0, b.Eval("return document.querySelectorAll('#side .split').length"))
	b.Click("#over")
	looks(t, b, "runs", 1700)

	// A run's page, and back.
	b.Click(`.card[data-id="` + runID("glass") + `"] strong a`)
	b.Await("document.getElementById('status')?.textContent", "finished")
	b.Await("document.querySelectorAll('#strip button').length", 4.0)
	require.Equal(t, false, b.Eval("return document.getElementById('stop').checkVisibility()"))
	require.Equal(t, "<script>alert(1)</script>", b.Eval("return [...document.querySelectorAll('#settings div')].find(d => d.textContent.startsWith('hostile')).lastChild.textContent"))
	looks(t, b, "run", 1500)
	b.Click("nav a")
	b.Await("document.title.startsWith('Runs')", true)
	require.Empty(t, strings.Join(b.Complaints(), "\n"))
}
