package studio

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/browsertest"
	"github.com/impasto-go/impasto/examples/internal/paint"
)

// looks takes screenshots of a page at both widths and in both colors, in all four ways
// if they are to be looked at, and wants nothing cut off.
func looks(t *testing.T, b *browsertest.Browser, name string, height int) {
	t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{1280, 390} {
			if (scheme == "light") != (width == 1280) && os.Getenv("IMPASTO_PICTURES") == "" {
				continue
			}
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

	// News leave the cards alone that are there: one that is moved amid a click is not clicked.
	require.Equal(t, []any{0.0, true, true}, b.Eval(`
		const seen = new MutationObserver(() => {}), ids = () => [...$("runs").children].map(c => c.dataset.id).join();
		seen.observe($("runs"), {childList: true});
		showRuns(runs);
		const moved = seen.takeRecords().length, others = runs.toReversed(), last = runs.slice(1);
		showRuns(others);
		const reversed = ids() === others.map(r => r.id).join();
		showRuns(last);
		const fewer = ids() === last.map(r => r.id).join();
		showRuns(others.toReversed());
		return [moved, reversed, fewer]`))

	// Chosen with the keyboard and the mouse.
	b.Type(`.card[data-id="`+runID("glass")+`"] input`, " ")
	b.Click(`.card[data-id="` + runID("runs/woodcut-coarse") + `"] input`)
	b.Await("chart.curves.length", 2.0)
	b.Await("chart.curves.map(c => c.steps.length).sort().join()", "240,400")
	b.Await("document.querySelectorAll('#side img').length", 2.0)
	require.Equal(t, "total,content,style", b.Eval("return [...document.getElementById('term').options].map(o => o.value).join()"))
	b.Hover("canvas")
	b.Await("document.querySelector('.tip').checkVisibility()", true)
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

// TestBrowserTry styles a picture that is chosen, one that is sent, a masked one, the
// webcam and a clip, and measures flicker.
func TestBrowserTry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	saveModel(t, filepath.Join(dir, "styles", "glass.pth"), 1)
	saveModel(t, filepath.Join(dir, "styles", "woodcut.safetensors"), 2)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "styles", "glass.onnx"), nil, 0o666)) // newer, as an export is
	savePNG(t, filepath.Join(dir, "valley.png"), paint.Scene(7, 480, 270))
	sent := filepath.Join(t.TempDir(), "sent.png")
	savePNG(t, sent, paint.Scene(8, 320, 180))
	s := newStudio(t, dir)
	b := browsertest.New(t, "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
	b.Screen(1280, 800, false, "light")
	b.Open(s.server.URL() + "try")
	b.Await("document.getElementById('model').options.length", 3.0)
	require.Equal(t, "styles/glass.onnx", b.Eval("return document.getElementById('model').options[2].value"), "after what it was exported from")
	b.Await(`document.querySelector('#picture option[value="valley.png"]') !== null`, true)
	require.Equal(t, true, b.Eval("return document.getElementById('drop').checkVisibility()"))

	b.Eval("const p = document.getElementById('picture'); p.value = 'valley.png'; p.dispatchEvent(new Event('change'))")
	b.Await("document.getElementById('download').disabled", false)
	require.Equal(t, "480x270", b.Eval("return document.getElementById('size').textContent"))
	require.Regexp(t, `^[\d.,]+ ms$`, b.Eval("return document.getElementById('time').textContent"))
	plain := b.Eval("return after.toDataURL()")
	require.NotEqual(t, b.Eval("return before.toDataURL()"), plain)
	b.Eval("view.range.value = 40; view.show()")
	looks(t, b, "try", 900)
	b.Eval("const e = document.getElementById('strength'); e.value = 0; e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change'))")
	b.Await("after.toDataURL() === before.toDataURL()", true)
	b.Eval("const e = document.getElementById('strength'); e.value = 1; e.dispatchEvent(new Event('change'))")
	b.Await("after.toDataURL() !== before.toDataURL()", true)
	require.Equal(t, plain, b.Eval("return after.toDataURL()"))

	// The brush keeps the original where it went.
	b.Click("#masked")
	b.Await("doing === null", true)
	b.Eval("document.getElementById('width').value = 40")
	b.Eval(`const box = veil.getBoundingClientRect();
		const at = (type, x) => veil.dispatchEvent(new PointerEvent(type, {clientX: box.left + x * box.width, clientY: box.top + box.height / 2, buttons: 1, pointerId: 1}));
		veil.setPointerCapture = () => {};
		at("pointerdown", 0.2); at("pointermove", 0.5); at("pointerup", 0.5)`)
	b.Await("doing === null && document.getElementById('download').disabled === false", true)
	same := `const [p, q] = [before, after].map(c => c.getContext("2d").getImageData(c.width * %s, c.height / 2, 1, 1).data.join()); return p === q`
	require.Equal(t, true, b.Eval(strings.Replace(same, "%s", "0.3", 1)))
	require.Equal(t, false, b.Eval(strings.Replace(same, "%s", "0.9", 1)))
	b.Shot("studio-try-mask")
	b.Click("#masked")

	b.Type("#file", sent)
	b.Await("document.getElementById('size').textContent", "320x180")
	require.Equal(t, "sent.png", b.Eval("return document.getElementById('picture').selectedOptions[0].textContent"))

	b.Click("#webcam")
	b.Await("live !== null && document.getElementById('size').textContent.startsWith('9')", true)
	b.Click("#webcam")
	require.Equal(t, "false", b.Eval("return document.getElementById('webcam').getAttribute('aria-pressed')"))

	// Two models against each other.
	b.Open(s.server.URL() + "flicker?model=styles/glass.pth")
	b.Await("document.getElementById('with').options.length", 4.0)
	require.Equal(t, "styles/glass.pth", b.Eval("return document.getElementById('model').value"))
	b.Eval("document.getElementById('with').value = 'styles/woodcut.safetensors'; document.getElementById('rows').value = '180'")
	b.Click("#measure")
	b.Await("document.querySelectorAll('#table tr').length", 6.0)
	require.Equal(t, 6.0, b.Eval("return document.querySelectorAll('.films canvas').length"))
	require.Equal(t, 48.0, b.Eval("return film.images.length"))
	b.Click("#run")
	at := b.Eval("return at").(float64)
	b.Click("#next")
	require.Equal(t, float64(int(at+1)%48), b.Eval("return at"))
	looks(t, b, "flicker", 1300)
	require.Empty(t, strings.Join(b.Complaints(), "\n"))
}

// TestBrowserClip styles a clip and plays it.
func TestBrowserClip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeClip(t, filepath.Join(dir, "film.mp4"), 6)
	saveModel(t, filepath.Join(dir, "glass.pth"), 1)
	s := newStudio(t, dir)
	b := browsertest.New(t, "--disable-gpu")
	b.Screen(1280, 800, false, "light")
	b.Open(s.server.URL() + "try?picture=film.mp4")
	b.Await("document.getElementById('size').textContent", "160x128, 6 frames")
	b.Await("document.getElementById('styled').videoWidth", 160.0)
	b.Shot("studio-try-clip")
	require.Empty(t, strings.Join(b.Complaints(), "\n"))
}

// TestBrowserTrain starts a training with knobs, follows it to its page, and stops it, and
// has a sweep make its sheet.
func TestBrowserTrain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	savePNG(t, filepath.Join(dir, "styles", "glass.png"), paint.Style(1, 96))
	saveModel(t, filepath.Join(dir, "base.pth"), 1)
	s := newStudio(t, dir)
	b := browsertest.New(t, "--disable-gpu")
	b.Screen(1280, 1100, false, "light")
	b.Open(s.server.URL() + "train")
	b.Await("document.getElementById('command').textContent.includes('-init base -style-size')", true)
	set := func(id, value string) {
		b.Eval("const e = document.getElementById('" + id + "'); e.value = '" + value + "'; e.dispatchEvent(new Event('input'))")
	}
	set("style", "styles/glass.png")
	set("vgg", "random")
	set("still", "3")
	set("strokes", "2")
	set("steps", "100000")
	b.Await("document.getElementById('command').textContent.includes('-style styles/glass.png')", true)
	b.Await("document.querySelector('label:has(#still) small')?.textContent", "sets -stability 60000")
	require.Regexp(t, `^sets -style-size \d+$`, b.Eval("return document.querySelector('label:has(#strokes) small').textContent"))
	set("name", "../x")
	b.Await("document.getElementById('message').textContent.startsWith('the name')", true)
	require.Equal(t, true, b.Eval("return document.getElementById('start').disabled"))
	set("name", "glass-coarse")
	b.Await("document.getElementById('start').disabled", false)
	b.Click("#start")
	b.Await("document.querySelector('#jobs a')?.textContent", "the run")
	b.Await("document.querySelector('#jobs .faint').textContent.startsWith('step ')", true)
	looks(t, b, "train", 1100)
	b.Click(`.tabs [data-kind="onnx"]`)
	b.Await("document.getElementById('command').textContent.includes('-profile sentis')", true)
	b.Shot("studio-export")

	b.Click("#jobs button.danger")
	require.Equal(t, true, b.Eval("return document.getElementById('sure').open"))
	b.Hover("#sure button[value=yes]")
	require.Greater(t, b.Contrast("#sure button[value=yes]"), 4.5)
	b.Shot("studio-stop")
	b.Click("#sure button[value=yes]")
	b.Await("document.querySelector('#jobs .status').textContent", "stopped")
	require.Contains(t, strings.Join(b.Complaints(), "\n"), "400", "the bad name")
	stopped(t, filepath.Join(dir, "runs", "glass-coarse"))

	b.Click(`.tabs [data-kind="sweep"]`)
	set("steps", "1")
	set("init", "")
	set("name", "tried")
	b.Await("document.getElementById('command').textContent.endsWith('-steps 1 -out runs/tried')", true)
	b.Click("#start")
	b.Await("document.querySelectorAll('#jobs article').length", 2.0)
	sheet := "[...document.querySelectorAll('#jobs a')].find(a => a.textContent === 'the sheet')"
	b.Await(sheet+" !== undefined", true)
	looks(t, b, "sweep", 1100)
	b.Open(b.Eval("return " + sheet + ".href").(string))
	b.Await("document.images[0].naturalWidth > 100", true)
}
