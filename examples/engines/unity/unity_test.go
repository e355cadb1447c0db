// Package unity_test compiles the scripts of the Unity packages against stubs of
// Unity's API. No Unity runs here: the shaders, the inspector and the pictures are
// not tested.
package unity_test

//go:generate go run ./internal/stubs testdata

import (
	"encoding/json"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/impasto-go/impasto/internal/need"
)

// assembly is what an .asmdef says that matters to a compiler.
type assembly struct {
	Name       string
	References []string
}

// TestScriptsCompile compiles each assembly with what its .asmdef refers to, so that
// neither a wrong name nor a missing reference passes. Unity 2019 compiles C# 7.3,
// of which this compiler knows 7.2.
func TestScriptsCompile(t *testing.T) {
	mcs := need.Tool(t, "mcs")
	for _, c := range []struct {
		name    string
		defines string   // of stubs and scripts
		asmdefs []string // in the order of their references
	}{
		{"Barracuda 1.0.4", "UNITY_2019_4_OR_NEWER", []string{"barracuda/Runtime/Impasto.Barracuda.asmdef"}},
		{"Barracuda 3.0", "BARRACUDA_3;IMPASTO_METADATA", []string{"barracuda/Runtime/Impasto.Barracuda.asmdef"}},
		{"Sentis", "UNITY_6000_0_OR_NEWER", []string{
			"sentis/Runtime/Impasto.Sentis.asmdef",
			"sentis/Runtime/URP/Impasto.Sentis.URP.asmdef",
			"sentis/Runtime/HDRP/Impasto.Sentis.HDRP.asmdef",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			compile := func(name string, references, sources []string) {
				args := []string{"-nologo", "-target:library", "-langversion:7.2", "-warnaserror",
					"-nowarn:0649", // fields that Unity's serializer sets
					"-define:" + c.defines, "-out:" + filepath.Join(dir, name+".dll")}
				for _, r := range references {
					args = append(args, "-reference:"+filepath.Join(dir, r+".dll"))
				}
				out, err := exec.Command(mcs, append(args, sources...)...).CombinedOutput()
				require.NoError(t, err, "%s: %s", name, out)
			}
			const core = "Unity.RenderPipelines.Core.Runtime"
			compile("UnityEngine", nil, []string{"testdata/stubs/UnityEngine.cs"})
			for _, stub := range []string{"Unity.Barracuda", "Unity.InferenceEngine", core} {
				compile(stub, []string{"UnityEngine"}, []string{"testdata/stubs/" + stub + ".cs"})
			}
			for _, stub := range []string{"Unity.RenderPipelines.Universal.Runtime", "Unity.RenderPipelines.HighDefinition.Runtime"} {
				compile(stub, []string{"UnityEngine", core}, []string{"testdata/stubs/" + stub + ".cs"})
			}
			for _, path := range c.asmdefs {
				var a assembly
				parse(t, path, &a)
				sources, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.cs"))
				require.NoError(t, err)
				require.NotEmpty(t, sources)
				compile(a.Name, append([]string{"UnityEngine"}, a.References...), sources)
			}
		})
	}
}

// TestPackages checks what Unity's package manager wants: a manifest, and a .meta
// file with an identity of its own beside each file and folder, without which a
// package that is installed from Git is ignored.
func TestPackages(t *testing.T) {
	guid := regexp.MustCompile(`^fileFormatVersion: 2\nguid: ([0-9a-f]{32})\n$`)
	seen := map[string]string{}
	for _, name := range []string{"barracuda", "sentis"} {
		var manifest struct{ Name, Version, Unity string }
		parse(t, filepath.Join(name, "package.json"), &manifest)
		require.Equal(t, "com.impasto."+name, manifest.Name)
		require.Regexp(t, `^\d+\.\d+\.\d+$`, manifest.Version)
		require.NotEmpty(t, manifest.Unity)
		require.NoError(t, filepath.WalkDir(name, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == name {
				return err
			}
			if of, ok := strings.CutSuffix(path, ".meta"); ok {
				require.FileExists(t, path)
				_, err := os.Stat(of)
				require.NoError(t, err, "%s has no file", path)
				return nil
			}
			meta, err := os.ReadFile(path + ".meta")
			require.NoError(t, err)
			m := guid.FindSubmatch(meta)
			require.NotNil(t, m, "%s.meta", path)
			require.NotContains(t, seen, string(m[1]), "%s.meta", path)
			seen[string(m[1])] = path
			return nil
		}))
	}
}

// TestShaderNames looks for the shaders, passes and uniforms that the scripts name.
func TestShaderNames(t *testing.T) {
	for _, c := range []struct {
		scripts, shader string
		includes        string
	}{
		{"barracuda/Runtime/*.cs", "barracuda/Runtime/StyleBuiltin.shader", ""},
		{"sentis/Runtime/{,URP/}*.cs", "sentis/Runtime/URP/StyleURP.shader", "sentis/Runtime/Style.hlsl"},
		{"sentis/Runtime/{,HDRP/}*.cs", "sentis/Runtime/HDRP/StyleHDRP.shader", "sentis/Runtime/Style.hlsl"},
	} {
		shader := read(t, c.shader)
		if c.includes != "" {
			shader += read(t, c.includes)
		}
		var scripts string
		for _, pattern := range expand(c.scripts) {
			files, err := filepath.Glob(pattern)
			require.NoError(t, err)
			require.NotEmpty(t, files, pattern)
			for _, f := range files {
				scripts += read(t, f)
			}
		}
		names := regexp.MustCompile(`"(_[A-Z]\w+|Hidden/[^"]+)"`).FindAllStringSubmatch(scripts, -1)
		require.NotEmpty(t, names)
		for _, n := range names {
			require.Contains(t, shader, n[1], "%s lacks what a script names", c.shader)
		}
		require.Equal(t, 3, len(regexp.MustCompile(`#pragma fragment`).FindAllString(shader, -1)), c.shader)
		for _, pair := range []string{"{}", "()"} {
			require.Equal(t, strings.Count(shader, pair[:1]), strings.Count(shader, pair[1:]), "%s: %s", c.shader, pair)
		}
	}
}

// expand replaces the one {a,b} of a pattern, which filepath.Glob does not know.
func expand(pattern string) []string {
	before, rest, ok := strings.Cut(pattern, "{")
	if !ok {
		return []string{pattern}
	}
	choices, after, _ := strings.Cut(rest, "}")
	var all []string
	for _, c := range strings.Split(choices, ",") {
		all = append(all, before+c+after)
	}
	return all
}

func read(t *testing.T, path string) string {
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func parse(t *testing.T, path string, to any) {
	require.NoError(t, json.Unmarshal([]byte(read(t, path)), to), path)
}
