package need

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
)

// entry is something that tests need. find returns its path; it is nil where only
// the tests themselves can tell, which then call Missing.
type entry struct {
	name string
	get  string // how to get it
	find func() (string, error)
}

// table lists all that tests need. Whoever needs more adds a line here;
// .ci/run installs the Debian packages that it names.
var table = []entry{
	{"torch", "apt-get install python3-torch", python("torch")},
	{"torchvision", "apt-get install python3-torchvision", python("torchvision")},
	{"pillow", "apt-get install python3-pil python3-numpy", python("PIL", "numpy")},
	{"onnx", "apt-get install python3-onnx", python("onnx", "numpy")},
	{"opencv", "apt-get install python3-opencv", python("cv2", "numpy")},
	{"node", "apt-get install nodejs", program("node")},
	{"ort", "npm install onnxruntime-node, and set IMPASTO_ORT_NODE_MODULES", npm("onnxruntime-node", "", "benchmarks/peers")},
	{"ort-web", "npm ci --prefix examples/web", npm("onnxruntime-web", "web", "examples/web")},
	{"gdscript", "npm ci --ignore-scripts --prefix .ci/gdscript", npm("tree-sitter-gdscript", "gdscript", ".ci/gdscript")},
	{"ffmpeg", "apt-get install ffmpeg", program("ffmpeg", "ffprobe")},
	{"chromium", "apt-get install chromium chromium-driver", program("chromium", "chromedriver")},
	{"cc", "apt-get install gcc libc6-dev", program("cc")},
	{"mcs", "apt-get install mono-mcs", program("mcs")},
	{"mono", "apt-get install mono-runtime libmono-corlib4.5-cil", program("mono")},
	{"strace", "apt-get install strace", program("strace")},
	{"glslang", "apt-get install glslang-tools", program("glslangValidator")},
	{"mpi", "apt-get install openmpi-bin libopenmpi-dev", program("mpirun", "mpicc")},
	{"wine", "apt-get install wine64 gcc-mingw-w64-x86-64 xvfb xauth", wine},
	{"netns", "apt-get install iproute2", program("ip")},

	{"opengl", "build with -tags gl, and install a driver of OpenGL 4.3 (Mesa: libgl1-mesa-dri)", nil},
	{"display", "run it in a graphical session or with xvfb-run", nil},
	{"avx2", "run it on a processor with AVX2 and FMA", nil},
	{"avx512", "run it on a processor with AVX-512", nil},
	{"neon", "run it on arm64, or with qemu-aarch64", nil},

	// What no installation provides.
	{"shared", "none of the promises rest on these files, which are not ours to distribute", nil},
	{"long", "set IMPASTO_LONG=1", nil},
	{"user", "run them as an ordinary user: root may do everything", nil},
	{"platform", "another system or file system", nil},
}

func lookup(name string) (entry, bool) {
	for _, e := range table {
		if e.name == name {
			return e, true
		}
	}
	return entry{}, false
}

// program finds the first of the programs and wants the others too.
func program(names ...string) func() (string, error) {
	return sync.OnceValues(func() (first string, err error) {
		for i := len(names) - 1; i >= 0; i-- {
			if first, err = exec.LookPath(names[i]); err != nil {
				return "", fmt.Errorf("%s is not installed", names[i])
			}
		}
		return first, nil
	})
}

// wine finds what .ci/wine needs. Debian keeps wine64 out of the path.
func wine() (string, error) {
	for _, name := range []string{"wine64", "/usr/lib/wine/wine64"} {
		if _, err := exec.LookPath(name); err == nil {
			return program("xvfb-run", "x86_64-w64-mingw32-gcc")()
		}
	}
	return "", fmt.Errorf("wine64 is not installed")
}

// python finds an interpreter that has the modules. The modules of Debian belong to
// Debian's Python, whatever else comes first in the path.
func python(modules ...string) func() (string, error) {
	const script = `
import importlib.util, sys
sys.exit(not all(importlib.util.find_spec(m) for m in sys.argv[1:]))
`
	return sync.OnceValues(func() (string, error) {
		for _, name := range []string{"/usr/bin/python3", "python3"} {
			if exec.Command(name, append([]string{"-c", script}, modules...)...).Run() == nil {
				return name, nil
			}
		}
		return "", fmt.Errorf("no python3 has %v", modules)
	})
}

// npm finds the node_modules folder that holds a package: in that of
// IMPASTO_ORT_NODE_MODULES, where .ci/run installs it in the user's cache, or in a
// folder of the tree.
func npm(name, cached, dir string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		if _, err := exec.LookPath("node"); err != nil {
			return "", fmt.Errorf("node is not installed")
		}
		candidates := []string{os.Getenv("IMPASTO_ORT_NODE_MODULES")}
		if cache, err := os.UserCacheDir(); err == nil {
			candidates = append(candidates, filepath.Join(cache, "impasto", cached, "node_modules"))
		}
		if tree, err := above(filepath.Join(filepath.FromSlash(dir), "node_modules")); err == nil {
			candidates = append(candidates, tree)
		}
		for _, dir := range candidates {
			dir, err := filepath.Abs(dir)
			if err != nil {
				return "", err
			}
			if _, err := os.Stat(filepath.Join(dir, name, "package.json")); err == nil {
				return dir, nil
			}
		}
		return "", fmt.Errorf("no %s in IMPASTO_ORT_NODE_MODULES, the user's cache folder, or %s/node_modules", name, dir)
	})
}
