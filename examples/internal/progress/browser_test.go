package progress

import (
	"bytes"
	"fmt"
	"image/png"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/examples/internal/browsertest"

	"github.com/impasto-go/impasto/examples/internal/paint"
	"github.com/impasto-go/impasto/nn/imageio"
)

// TestBrowser uses the page as a user would, in a real browser.
func TestBrowser(t *testing.T) {
	t.Parallel()
	b := browsertest.New(t, "--disable-gpu")
	var stops atomic.Int32
	p := newPage(t, fakeRun(t), func() { stops.Add(1) })
	b.Screen(1280, 1400, false, "light")

	b.Open(p.URL())
	b.Await("document.getElementById('status').textContent", "training")
	require.Equal(t, true, b.Eval("return document.querySelector('#sample .empty').checkVisibility()"))
	require.Equal(t, false, b.Eval("return document.querySelector('#sample img').checkVisibility()"))
	b.Shot("page-empty")

	dir := t.TempDir()
	train(t, p, dir, 1, 3000)
	b.Await("document.getElementById('step').textContent", "3,000 of 12,000")
	b.Await("document.querySelectorAll('#strip button').length", 6.0)
	b.Await("[...document.images].every(i => i.complete && i.naturalWidth > 0)", true)
	require.Equal(t, "newest sample, step 3,000", b.Eval("return document.querySelector('#sample figcaption').textContent"))
	require.Equal(t, "12.3", b.Eval("return document.getElementById('speed').textContent"))
	require.Contains(t, b.Eval("return document.getElementById('left').textContent"), "s")
	require.Equal(t, 6.0, b.Eval("return document.querySelectorAll('#legend button').length"))
	require.Equal(t, 9.0, b.Eval("return document.querySelectorAll('#settings div').length"))
	require.Equal(t, "<script>alert(1)</script>", b.Eval("return document.querySelector('#settings div:last-child dd').textContent"))
	b.Shot("page-light")

	// Curves are drawn, and a click on their name hides them.
	shown := inked(b)
	require.Greater(t, shown, 3000.0)
	for i := 1; i <= 6; i++ {
		b.Click(fmt.Sprintf("#legend button:nth-child(%d)", i))
	}
	require.Less(t, inked(b), shown/4)
	for i := 1; i <= 6; i++ {
		b.Click(fmt.Sprintf("#legend button:nth-child(%d)", i))
	}
	require.InDelta(t, shown, inked(b), shown/4)

	// An earlier sample stays when newer ones come; the newest follows the run.
	b.Click("#strip button:nth-child(2)")
	require.Equal(t, "step 1,000", b.Eval("return document.querySelector('#sample figcaption').textContent"))
	train(t, p, dir, 3001, 5000)
	b.Await("document.querySelectorAll('#strip button').length", 10.0)
	require.Equal(t, "step 1,000", b.Eval("return document.querySelector('#sample figcaption').textContent"))
	b.Eval("document.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowRight'}))")
	require.Equal(t, "step 1,500 · noise gain 7.4", b.Eval("return document.querySelector('#sample figcaption').textContent"))
	b.Click("#strip button:last-child")
	train(t, p, dir, 5001, 5500)
	b.Await("document.querySelector('#sample figcaption').textContent", "newest sample, step 5,500")

	// More points than the history holds: the page gets the coarser ones.
	b.Await("state.version === 1 && points.length < 3000 && points.at(-1)[0] === 5500", true)

	b.Await("(s => s.scrollLeft + s.clientWidth >= s.scrollWidth - 8)(document.getElementById('strip'))", true)
	for name, scheme := range map[string]string{"page-dark": "dark", "page-phone": "light", "page-phone-dark": "dark"} {
		width := 1280
		if strings.Contains(name, "phone") {
			width = 390
		}
		b.Screen(width, 1500, width < 1280, scheme)
		b.Await("[...document.images].every(i => i.complete)", true)
		require.LessOrEqual(t, b.Eval("return document.documentElement.scrollWidth").(float64), float64(width), "nothing is cut off")
		require.Equal(t, true, b.Eval("return [...document.querySelectorAll('#facts dd')].every(e => e.scrollWidth <= e.clientWidth)"))
		m, err := png.Decode(bytes.NewReader(b.Shot(name)))
		require.NoError(t, err)
		require.Equal(t, width, m.Bounds().Dx())
		r, _, _, _ := m.At(2, 2).RGBA()
		require.Equal(t, scheme == "dark", r < 0x8000)
	}

	// The values at the pointer are shown beside it; the arrow keys move on.
	b.Screen(1280, 1500, false, "light")
	b.Hover("canvas")
	b.Await("document.querySelector('.tip').checkVisibility()", true)
	at := b.Eval("return document.querySelector('.tip b').textContent").(string)
	require.Regexp(t, `^step 2,[5-9]\d\d$`, at)
	require.Equal(t, 7.0, b.Eval("return document.querySelectorAll('.tip tr').length"))
	require.Regexp(t, `\d+K`, b.Eval("return document.querySelector('.tip tr:nth-child(2) td').textContent"))
	b.Shot("page-tip")
	b.Hover("#status")
	b.Await("document.querySelector('.tip').checkVisibility()", false)
	b.Eval("const c = document.querySelector('canvas'); c.focus(); c.dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}))")
	require.Equal(t, "step 5,500", b.Eval("return document.querySelector('.tip b').textContent"))
	b.Eval("document.querySelector('canvas').dispatchEvent(new KeyboardEvent('keydown', {key: 'Escape', bubbles: true}))")
	require.Equal(t, false, b.Eval("return document.querySelector('.tip').checkVisibility()"))

	// A sample at its full size, over the test picture; the arrow keys move the line.
	b.Click("#sample button")
	require.Equal(t, true, b.Eval("return document.getElementById('viewer').open"))
	b.Await("[...document.images].every(i => i.complete && i.naturalWidth > 0)", true)
	b.Eval("const i = document.querySelector('.split input'); i.value = 25; i.dispatchEvent(new Event('input'))")
	require.Equal(t, "inset(0px 0px 0px 25%)", b.Eval("return document.querySelector('.split').children[1].style.clipPath"))
	b.Shot("page-viewer")
	b.Click("#older")
	require.Equal(t, "step 5,000", b.Eval("return document.getElementById('which').textContent"))
	b.Click("#viewer button[value=no]")

	// Stop asks once more, in words that can be read with the pointer on them.
	b.Screen(1280, 900, false, "light")
	b.Click("#stop")
	require.Equal(t, true, b.Eval("return document.getElementById('sure').open"))
	b.Shot("page-stop")
	b.Click("#sure button[value=no]")
	require.Zero(t, stops.Load())
	for _, scheme := range []string{"dark", "light"} {
		b.Screen(1280, 900, false, scheme)
		for _, selector := range []string{"#stop", "#sure button[value=yes]", "#sure button[value=no]"} {
			if selector != "#stop" && b.Eval("return document.getElementById('sure').open") == false {
				b.Click("#stop")
			}
			b.Hover(selector)
			require.Greater(t, b.Contrast(selector), 4.5, "%s, %s", selector, scheme)
		}
		b.Click("#sure button[value=no]")
	}
	b.Click("#stop")
	b.Click("#sure button[value=yes]")
	b.Await("document.getElementById('status').textContent", "stopping")
	require.EqualValues(t, 1, stops.Load())

	require.Empty(t, b.Complaints())
	p.End("stopped")
	b.Await("document.getElementById('status').textContent", "stopped")
	require.Equal(t, false, b.Eval("return document.getElementById('stop').checkVisibility()"))
	require.NoError(t, p.Close())
}

// TestBrowserAttack has another site try what it can from the user's browser.
func TestBrowserAttack(t *testing.T) {
	t.Parallel()
	b := browsertest.New(t, "--disable-gpu")
	var stops atomic.Int32
	p := newPage(t, fakeRun(t), func() { stops.Add(1) })
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprintf(w, `<iframe src="%[1]s"></iframe><img id="i" src="%[1]sstyle.png"><script>
			const done = [];
			const note = what => () => done.push(what);
			document.getElementById("i").onload = note("saw the style");
			fetch("%[1]sstate.json").then(r => r.text()).then(note("read the state"), note("-"));
			fetch("%[1]sstop", {method: "POST", mode: "no-cors"}).then(note("-"), note("-"));
			fetch("%[1]sstop", {method: "POST", headers: {"X-Token": "x"}}).then(note("stopped"), note("-"));
		</script>`, p.URL())
	}))
	defer evil.Close()
	b.Open(evil.URL)
	b.Await("done.filter(d => d === '-').length", 3.0)
	b.Await("document.getElementById('i').complete", true)
	require.Equal(t, []any{"-", "-", "-"}, b.Eval("return done"))
	require.Zero(t, stops.Load())
	// The frame holds an error, not the page.
	require.Contains(t, strings.Join(b.Complaints(), "\n"), "frame-ancestors")
}

// inked counts the pixels that the chart has colored.
func inked(b *browsertest.Browser) float64 {
	b.T.Helper()
	return b.Eval(`
		const c = document.querySelector("canvas");
		const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
		let n = 0;
		for (let i = 0; i < d.length; i += 4) {
			const low = Math.min(d[i], d[i+1], d[i+2]), high = Math.max(d[i], d[i+1], d[i+2]);
			if (d[i+3] > 40 && high - low > 40) n++;
		}
		return n`).(float64)
}

func fakeRun(t *testing.T) Run {
	t.Helper()
	return Run{
		Title: "Stained glass", Steps: 12_000, Terms: []string{"content", "style"}, Parts: []string{"style/relu1_2", "style/relu2_2", "style/relu3_3"},
		Style: encode(t, paint.Style(1, 256)), Test: encode(t, paint.Scene(0, 480, 270)),
		Settings: []Setting{
			{"dataset", "/data/coco/train2017"}, {"style", "pictures/glass.png"}, {"filters", "8,16,32"},
			{"res-blocks", "5"}, {"image-size", "256"}, {"batch-size", "4"}, {"lr", "0.001"},
			{"device", "cpu (avx2, 2 threads)"}, {"hostile", "<script>alert(1)</script>"},
		},
	}
}

// train publishes steps with losses as real ones fall, and a sample every 500.
func train(t *testing.T, p *Page, dir string, from, to int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(uint64(from), 1))
	noise := func() float64 { return math.Exp(0.2 * rng.NormFloat64()) }
	for i := from; i <= to; i++ {
		fall := math.Exp(-float64(i) / 1500)
		layers := []float64{(5e4 + 6e5*fall) * noise(), (4e4 + 1.5e6*fall) * noise(), (1.2e5 + 9e5*fall*fall) * noise()}
		p.Step(Step{
			Step: i, Epoch: i / 4000, Images: i % 4000 * 4, Losses: []float64{(2.5e5 + 3e5*fall) * noise(), layers[0] + layers[1] + layers[2]},
			Parts: layers, ImagesPerSecond: 12.345,
		})
		if i%500 == 0 {
			path := filepath.Join(dir, fmt.Sprintf("%d.png", i))
			require.NoError(t, imageio.Save(path, paint.Scene(uint64(i), 480, 270), imageio.SaveOptions{}))
			p.Sample(i, path)
			if i == 1500 {
				p.Note(i, "noise gain 7.4")
			}
		}
	}
}

func encode(t *testing.T, m *imageio.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, m.NRGBA()))
	return b.Bytes()
}
