package exportshader

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"image"
	"image/jpeg"
	"text/template"

	"github.com/impasto-go/impasto/nn/arch"
	"github.com/impasto-go/impasto/nn/imageio"
	"github.com/impasto-go/impasto/nn/shader"
	"github.com/impasto-go/impasto/nn/statedict"
	"github.com/impasto-go/impasto/nn/stylize"
)

var (
	//go:embed web/page.html
	pageHTML string
	//go:embed web/style.js
	styleJS string
	//go:embed web/page.js
	pageJS string
)

// stillRows is how large the page's own picture is at most: a page is for looking,
// and shall stay small.
const stillRows = 360

// page returns an HTML file that runs the style.
func page(o options, net *arch.Network, d statedict.Dict) ([]byte, error) {
	before, err := o.picture()
	if err != nil {
		return nil, err
	}
	text, err := Live{Title: o.title, Before: before, Half: o.half}.HTML(net, d)
	if err != nil {
		return nil, fmt.Errorf("-model %s: %w", o.model, err)
	}
	return text, nil
}

// Live is a page that runs a style.
type Live struct {
	Title  string
	Before *imageio.Image // what it begins with
	Half   bool           // store the weights as half floats
	More   string         // HTML below the style
}

// HTML returns the page, which needs nothing else. Where there is no WebGPU, it shows
// the picture that is inside, styled here.
func (l Live) HTML(net *arch.Network, d statedict.Dict) ([]byte, error) {
	program, weights, err := program(net, d, l.Half)
	if err != nil {
		return nil, err
	}
	before := l.Before
	if before.H > stillRows {
		before = imageio.Resize(before, max(1, before.W*stillRows/before.H), stillRows, imageio.Lanczos)
	}
	after, err := styled(d, before)
	if err != nil {
		return nil, err
	}
	var kernels []string
	for i := range program.Kernels {
		kernels = append(kernels, program.Kernels[i].WGSL())
	}
	data, err := json.Marshal(struct {
		Program *shader.Program `json:"program"`
		Kernels []string        `json:"kernels"`
		Half    bool            `json:"half"`
	}{program, kernels, l.Half}) // escapes what would end the element
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = template.Must(template.New("page").Parse(pageHTML)).Execute(&text, struct {
		Title, Description, Before, After, Data, Weights, Style, Page, More string
		Width, Height                                                       int
	}{
		html.EscapeString(l.Title), html.EscapeString(fmt.Sprintf("The network %v, %d weights.", net, net.NumParams())),
		DataURL(before), DataURL(after), string(data), weights, styleJS, pageJS, l.More, before.W, before.H,
	})
	return text.Bytes(), err
}

func styled(d statedict.Dict, m *imageio.Image) (*imageio.Image, error) {
	model, err := stylize.New(d)
	if err != nil {
		return nil, err
	}
	session := model.NewSession()
	defer session.Close()
	return session.Image(m)
}

// DataURL returns a picture as a JPEG that HTML can hold.
func DataURL(m *imageio.Image) string {
	rgba := image.NewRGBA(image.Rect(0, 0, m.W, m.H))
	for i := range m.W * m.H {
		copy(rgba.Pix[4*i:], m.Pix[3*i:3*i+3])
		rgba.Pix[4*i+3] = 255
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, rgba, &jpeg.Options{Quality: 88}); err != nil {
		panic(err) // to memory, of a size that is in range
	}
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(b.Bytes())
}
