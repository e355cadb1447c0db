package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

const (
	ours     = "ours"
	tuned    = "-tuned" // what the name of a peer in its tuned environment ends with
	copyCase = "copy"
)

// tunedEnv is the best environment that benchmarks/peers/README.md found.
var tunedEnv = []string{
	"MALLOC_TRIM_THRESHOLD_=8589934592", "MALLOC_MMAP_THRESHOLD_=8589934592",
	"MALLOC_TOP_PAD_=268435456", "GLIBC_TUNABLES=glibc.malloc.hugetlb=1",
	"OMP_WAIT_POLICY=PASSIVE",
}

// avx2Env holds PyTorch and its oneDNN to AVX2.
var avx2Env = []string{"ATEN_CPU_CAPABILITY=avx2", "ONEDNN_MAX_CPU_ISA=AVX2"}

// plan lists all groups. onnx is the network for ONNX Runtime, pth its weights
// for a program of ours.
func plan(o options, self, onnx, pth string) []group {
	warm := []string{"-threads", strconv.Itoa(o.threads), "-warmup", strconv.Itoa(o.warmup)}
	our := func(env []string, args ...string) contender {
		return contender{name: ours, argv: slices.Concat([]string{self, "-serve"}, args, warm), env: env}
	}
	// twice is a peer in its default environment and in its tuned one.
	twice := func(name string, env, argv []string) []contender {
		return []contender{
			{name: name, argv: argv, env: env},
			{name: name + tuned, argv: argv, env: slices.Concat(tunedEnv, env)},
		}
	}
	flags := []string{"--serve", "--threads", strconv.Itoa(o.threads), "--warmup", strconv.Itoa(o.warmup)}
	torch := func(env []string, script string, args ...string) []contender {
		return twice("torch", env, slices.Concat([]string{o.python, filepath.Join(o.peers, script)}, flags, args))
	}
	ort := twice("ort", nil, slices.Concat([]string{"node", filepath.Join(o.peers, "ort.mjs"), "--model", onnx}, flags))
	for i := range ort {
		ort[i].env = append(ort[i].env, ortModules()...)
	}
	step := func(name string, ourEnv, torchEnv []string, filters string) group {
		return group{
			name:       name,
			contenders: slices.Concat([]contender{our(ourEnv, "step", "-filters", filters)}, torch(torchEnv, "step.py", "--filters", filters)),
			rows: []row{
				{work: "training step, filters " + filters, peer: "torch"},
				{work: "peak memory of that step", kind: memory, peer: "torch"},
			},
		}
	}
	avx2 := step("step-avx2", []string{"IMPASTO_ISA=avx2"}, avx2Env, "8,16,32")
	avx2.rows = []row{{work: "training step, AVX2 on both sides", peer: "torch"}}
	start := our(nil, "startup", "-model", pth)
	start.once = true
	imports := twice("torch", nil, []string{o.python, "-c", "import torch"})
	for i := range imports {
		imports[i].once = true
	}
	return []group{
		step("step-8-16-32", nil, nil, "8,16,32"),
		step("step-32-64-128", nil, nil, "32,64,128"),
		avx2,
		{
			name:       "vggconv",
			contenders: slices.Concat([]contender{our(nil, "vggconv")}, torch(nil, "vggconv.py")),
			rows: []row{
				{work: "VGG-19 convolutions forward, mean of 16", cases: ".fwd", peer: "torch"},
				{work: "VGG-19 convolutions backward, mean of 16", cases: ".bwd", peer: "torch"},
				{work: "VGG-19 convolutions forward, least gain", cases: ".fwd", kind: worst, peer: "torch"},
				{work: "VGG-19 convolutions backward, least gain", cases: ".bwd", kind: worst, peer: "torch"},
			},
		},
		{
			name:       "stylize",
			contenders: slices.Concat([]contender{our(nil, "stylize")}, torch(nil, "stylize.py"), ort),
			rows: []row{
				{work: "960x540 frame against PyTorch", peer: "torch"},
				{work: "960x540 frame against ONNX Runtime", peer: "ort"},
				{work: "peak memory of frames against PyTorch", kind: memory, peer: "torch"},
				{work: "peak memory of frames against ONNX Runtime", kind: memory, peer: "ort"},
			},
		},
		{
			name:       "rgba",
			contenders: []contender{our(nil, "rgba")},
			rows:       []row{{work: "960x540 frame, RGBA bytes to bytes"}},
		},
		{
			name:       "ops",
			contenders: slices.Concat([]contender{our(nil, "ops")}, torch(nil, "ops.py")),
			rows:       opRows(),
		},
		{
			name:       "startup",
			contenders: slices.Concat([]contender{start}, imports),
			rows:       []row{{work: "process: load .pth, one 960x540 frame; PyTorch: only its import", peer: "torch"}},
		},
	}
}

func opRows() []row {
	rows := []row{{work: "copy of 32 MiB", cases: copyCase, peer: "torch"}}
	for _, name := range []string{"relu", "reflectpad", "instancenorm", "upsample", "maxpool"} {
		rows = append(rows,
			row{work: name + " forward", cases: name + ".fwd", peer: "torch"},
			row{work: name + " backward", cases: name + ".bwd", peer: "torch"})
	}
	return rows
}

// ortModules points ort.mjs at the folder that the project's checks install
// onnxruntime-node in, unless the environment names another.
func ortModules() []string {
	const variable = "IMPASTO_ORT_NODE_MODULES"
	cache, err := os.UserCacheDir()
	if os.Getenv(variable) != "" || err != nil {
		return nil
	}
	return []string{variable + "=" + filepath.Join(cache, "impasto", "node_modules")}
}

// only keeps the rows whose group or text matches, and the groups that have any.
func only(groups []group, pattern *regexp.Regexp) (kept []group) {
	for _, g := range groups {
		if !pattern.MatchString(g.name) {
			g.rows = slices.DeleteFunc(slices.Clone(g.rows), func(r row) bool { return !pattern.MatchString(r.work) })
		}
		if len(g.rows) > 0 {
			kept = append(kept, g)
		}
	}
	return kept
}

// wants reports whether a row needs a case, or what rows are compared with is
// the case.
func (g group) wants(name string) bool {
	return name == copyCase || slices.ContainsFunc(g.rows, func(r row) bool { return r.uses(name) || r.kind == memory })
}
