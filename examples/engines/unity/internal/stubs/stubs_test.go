package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestStubsAreOfTheLists makes the stubs again.
func TestStubsAreOfTheLists(t *testing.T) {
	lists, err := filepath.Glob("../../testdata/api/*.api")
	require.NoError(t, err)
	stubs, err := filepath.Glob("../../testdata/stubs/*")
	require.NoError(t, err)
	require.Len(t, stubs, len(lists))
	for _, path := range lists {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		a, err := parse(string(text))
		require.NoError(t, err, path)
		stub, err := os.ReadFile(filepath.Join("../../testdata/stubs", strings.TrimSuffix(filepath.Base(path), ".api")+".cs"))
		require.NoError(t, err)
		require.Equal(t, a.stub(), string(stub), "go generate ./examples/engines/unity is needed")
	}
}

const engine = `
using System;
namespace Some.Engine
{
    /* class Gone { } */
    public delegate void Painter<T>(T what) where T : class;
    [Flags] public enum Kind { None = 0, [Obsolete("}")] Old = 1 << 0, New, }
    public sealed partial class Picture : Thing, System.IDisposable
    {
        [SerializeField] private int hidden = 3;
        extern public int width { [Native("{")] get; set; }
        public static Picture white => null;
        public Picture([NotNull] string name, int size = 4) : base(name) { if (size > 0) { width = size; } }
        public void Draw(params UnityEngine.Vector4[] at)
#if NEW
            ;
#else
        { }
        public void Erase() { }
#endif
        public static implicit operator Kind(Picture p) { return Kind.New; }
        public T Get<T>(out T t) where T : class, new() { t = null; return t; }
        public class Inner { public readonly float x, y; }
    }
    public partial class Picture { void IDisposable.Dispose() { } public void Dispose() { } }
    public class Picture<T> { public T of; }
}
`

const engineList = `source Engine 1
source Engine 1 MORE

namespace Some.Engine
public delegate void Painter<T>(T what) where T : class
[Flags]
public enum Kind
	None
	New
public sealed class Picture : Thing, IDisposable
	public int width { get; set; }
	public static Picture white { get; }
	public Picture(string name, int size = 4)
	public void Draw(params Vector4[] at)
	public static implicit operator Kind(Picture p)
	public T Get<T>(out T t) where T : class, new()
	public void Dispose()
	public class Inner
#if LESS
	public int gone
#endif
public class Picture<T>
	public T of
`

// TestCheck looks a list up in a source, and lists with one mistake each.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "Engine@1", "Runtime"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "Engine@1", "Runtime", "a.cs"), []byte(engine), 0o600))
	check := func(list string) error {
		a, err := parse(list)
		require.NoError(t, err)
		return a.check("Some.Engine", dir)
	}
	require.NoError(t, check(engineList))
	for _, mistake := range [][2]string{
		{"namespace Some.Engine", "namespace Some.Other"},
		{"Painter<T>(T what)", "Painter<T>(string what)"},
		{"\tNew\n", "\tNewer\n"},
		{"public sealed class Picture", "public struct Picture"},
		{"Thing, IDisposable", "Thing, IComparable"},
		{"\tpublic int width", "\tpublic float width"},
		{"\tpublic int width", "\tpublic static int width"},
		{"white { get; }", "white { get; set; }"},
		{"int size = 4", "int size = 5"},
		{"int size = 4", "int size"},
		{"Draw(params Vector4[] at)", "Draw(Vector4[] at)"},
		{"\tpublic void Dispose()", "\tpublic void Gone()"},
		{"\tpublic void Dispose()", "\tpublic int hidden"},
		{"\tpublic void Dispose()", "\tpublic void Erase()"},
		{"operator Kind", "operator int"},
		{"out T t", "ref T t"},
		{"public class Inner", "public class Outer"},
		{"#if LESS", "#if MORE"},
		{"public class Picture<T>", "public class Picture<T, U>"},
		{"public T of", "public int of"},
	} {
		list := strings.Replace(engineList, mistake[0], mistake[1], 1)
		require.NotEqual(t, engineList, list, mistake[0])
		require.Error(t, check(list), "%s", mistake[1])
	}
	require.ErrorContains(t, check("source Engine 2\nnamespace Some.Engine\npublic class Picture\n"), "Engine@2")
	_, err := parse("namespace A\n")
	require.ErrorContains(t, err, "source")
	_, err = parse("source A 1\n\tpublic int x\n")
	require.ErrorContains(t, err, "indented")
}
