//go:build gl && cgo && (linux || windows)

package gpu

import (
	"crypto/sha256"
	"embed"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"unsafe"

	"github.com/go-gl/gl/v4.3-core/gl"
)

//go:embed shaders/*.comp shaders/*.glsl
var shaders embed.FS

// variant names shaders/NAME.comp with a list of definitions such as "ADD K=3" for
// its preprocessor, of which shared is the name SHARED.
type variant struct {
	shader, defines string
	shared          bool
}

// program is a compiled variant of a shader.
type program struct {
	name   uint32
	writes uint32 // bit i is set if the shader writes to storage block i
}

// program returns a variant of a shader, compiling it on first use.
func (d *Device) program(v variant) (*program, error) {
	if p, ok := d.programs[v]; ok {
		return p, nil
	}
	source, err := source(v)
	if err != nil {
		return nil, err
	}
	name, ok := d.cache.program(source)
	if !ok {
		if name, err = compile(source); err != nil {
			return nil, fmt.Errorf("gpu: shader %s.comp [%s]: %w", v.shader, v.defines, err)
		}
		d.cache.keepProgram(source, name)
		d.stats.Compiled++
	}
	p := &program{name: name, writes: writtenBlocks(name)}
	d.programs[v] = p
	d.stats.Programs++
	return p, nil
}

// writtenBlocks asks a program which of its storage blocks are targets.
func writtenBlocks(program uint32) (writes uint32) {
	var n int32
	gl.GetProgramInterfaceiv(program, gl.SHADER_STORAGE_BLOCK, gl.ACTIVE_RESOURCES, &n)
	for i := range uint32(n) {
		var name [64]uint8
		var length, binding int32
		gl.GetProgramResourceName(program, gl.SHADER_STORAGE_BLOCK, i, int32(len(name)), &length, &name[0])
		property := uint32(gl.BUFFER_BINDING)
		gl.GetProgramResourceiv(program, gl.SHADER_STORAGE_BLOCK, i, 1, &property, 1, nil, &binding)
		if strings.HasSuffix(string(name[:length]), "_target") {
			writes |= 1 << binding
		}
	}
	return writes
}

// source puts a variant of a shader together: its definitions, the prelude, and
// its file with the files that it includes.
func source(v variant) (string, error) {
	prelude, err := shaders.ReadFile("shaders/prelude.glsl")
	if err != nil {
		return "", err
	}
	body, err := shaders.ReadFile("shaders/" + v.shader + ".comp")
	if err != nil {
		return "", err
	}
	var b strings.Builder
	b.WriteString("#version 430 core\n")
	if v.shared {
		b.WriteString("#define SHARED\n")
	}
	for _, def := range strings.Fields(v.defines) {
		name, value, _ := strings.Cut(def, "=")
		fmt.Fprintf(&b, "#define %s %s\n", name, value)
	}
	b.Write(prelude)
	for line := range strings.Lines(string(body)) {
		var name string
		if n, _ := fmt.Sscanf(line, "#include %q", &name); n == 0 {
			b.WriteString(line)
			continue
		}
		included, err := shaders.ReadFile("shaders/" + name)
		if err != nil {
			return "", err
		}
		b.Write(included)
	}
	return b.String(), nil
}

// compile returns the name of a linked compute program.
func compile(source string) (uint32, error) {
	shader := gl.CreateShader(gl.COMPUTE_SHADER)
	defer gl.DeleteShader(shader)
	text, free := gl.Strs(source + "\x00")
	gl.ShaderSource(shader, 1, text, nil)
	free()
	gl.CompileShader(shader)
	var ok int32
	if gl.GetShaderiv(shader, gl.COMPILE_STATUS, &ok); ok == gl.FALSE {
		return 0, fmt.Errorf("%s\n%s", infoLog(shader, gl.GetShaderiv, gl.GetShaderInfoLog), numbered(source))
	}
	name := gl.CreateProgram()
	gl.AttachShader(name, shader)
	gl.ProgramParameteri(name, gl.PROGRAM_BINARY_RETRIEVABLE_HINT, gl.TRUE)
	gl.LinkProgram(name)
	if gl.GetProgramiv(name, gl.LINK_STATUS, &ok); ok == gl.FALSE {
		log := infoLog(name, gl.GetProgramiv, gl.GetProgramInfoLog)
		gl.DeleteProgram(name)
		return 0, fmt.Errorf("linking: %s\n%s", log, numbered(source))
	}
	return name, nil
}

// programFile is the name of a compiled program in the cache.
func programFile(source string) string {
	sum := sha256.Sum256([]byte(source))
	return hex.EncodeToString(sum[:12]) + ".bin"
}

// program returns the name of a program whose binary was kept. The driver may still
// refuse that, as it may of its own accord at any time.
func (c cache) program(source string) (uint32, bool) {
	data, ok := c.read(programFile(source))
	if !ok || len(data) <= 4 {
		return 0, false
	}
	name := gl.CreateProgram()
	gl.ProgramBinary(name, binary.LittleEndian.Uint32(data), unsafe.Pointer(&data[4]), int32(len(data)-4))
	gl.GetError() // of an unknown format
	var linked int32
	if gl.GetProgramiv(name, gl.LINK_STATUS, &linked); linked == gl.FALSE {
		gl.DeleteProgram(name)
		return 0, false
	}
	return name, true
}

// keepProgram keeps the binary of a program, where the driver gives it away.
func (c cache) keepProgram(source string, program uint32) {
	var n int32
	if gl.GetProgramiv(program, gl.PROGRAM_BINARY_LENGTH, &n); c.dir == "" || n <= 0 {
		return
	}
	data := make([]byte, 4+n)
	var format uint32
	gl.GetProgramBinary(program, n, &n, &format, unsafe.Pointer(&data[4]))
	if gl.GetError() != gl.NO_ERROR {
		return
	}
	binary.LittleEndian.PutUint32(data, format)
	c.write(programFile(source), data[:4+n])
}

func infoLog(object uint32, size func(uint32, uint32, *int32), log func(uint32, int32, *int32, *uint8)) string {
	var n int32
	size(object, gl.INFO_LOG_LENGTH, &n)
	text := make([]uint8, n+1)
	log(object, n+1, nil, &text[0])
	return strings.TrimRight(string(text), "\x00\n")
}

// numbered puts the line numbers of a compiler's messages before the lines.
func numbered(source string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimRight(source, "\n"), "\n") {
		fmt.Fprintf(&b, "%4d  %s\n", i+1, line)
	}
	return b.String()
}
