package convertvgg

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const contentSize = 3 << 20

// content is what the test servers serve; other is a newer version of it.
var content, other = randomBytes(1), randomBytes(2)

func randomBytes(seed byte) []byte {
	b := make([]byte, contentSize)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// server serves what handle writes and records the Range header of each request.
type server struct {
	*httptest.Server
	ranges []string
}

func serve(t *testing.T, handle http.HandlerFunc) *server {
	t.Helper()
	s := new(server)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		s.ranges = append(s.ranges, q.Header.Get("Range"))
		handle(w, q)
	}))
	t.Cleanup(s.Close)
	return s
}

// file is the remote file at the server whose right content is want.
func (s *server) file(want []byte) remoteFile {
	sum := sha256.Sum256(want)
	return remoteFile{
		url: s.URL + "/vgg19.pth", size: int64(len(want)), sha256: hex.EncodeToString(sum[:4]),
		attempts: 3, pause: time.Millisecond, stallTime: 10 * time.Second,
	}
}

// resumable serves data as a real file server does.
func resumable(data []byte, etag string) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("ETag", etag)
		http.ServeContent(w, q, "vgg19.pth", time.Time{}, bytes.NewReader(data))
	}
}

// cut cuts the connection after the first n bytes of every answer's body.
func cut(handle http.HandlerFunc, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) { handle(&cutWriter{w, n}, q) }
}

type cutWriter struct {
	http.ResponseWriter
	left int
}

func (w *cutWriter) Write(p []byte) (int, error) {
	if len(p) < w.left {
		w.left -= len(p)
		return w.ResponseWriter.Write(p)
	}
	w.ResponseWriter.Write(p[:w.left])
	w.ResponseWriter.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

func quiet(int64) {}

// requireOnly wants data at path and nothing beside it.
func requireOnly(t *testing.T, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	require.True(t, bytes.Equal(data, got), "the content differs")
	requireFiles(t, filepath.Dir(path), filepath.Base(path))
}

func requireFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	require.ElementsMatch(t, want, got)
}

func TestDownload(t *testing.T) {
	s := serve(t, resumable(content, `"v1"`))
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	var last int64
	require.NoError(t, s.file(content).download(t.Context(), path, func(done int64) {
		require.Greater(t, done, last)
		last = done
	}))
	require.EqualValues(t, contentSize, last)
	requireOnly(t, path, content)

	require.NoError(t, s.file(content).download(t.Context(), path, quiet))
	require.Equal(t, []string{""}, s.ranges, "a file that is there is not fetched again")
}

func TestDownloadRedirect(t *testing.T) {
	target := serve(t, cut(resumable(content, `"v1"`), 1<<20))
	s := serve(t, func(w http.ResponseWriter, q *http.Request) {
		http.Redirect(w, q, target.URL+"/elsewhere", http.StatusFound)
	})
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	require.NoError(t, s.file(content).download(t.Context(), path, quiet))
	requireOnly(t, path, content)
	require.Equal(t, []string{"", "bytes=1048576-", "bytes=2097152-"}, target.ranges, "the range survives the redirect")
}

func TestDownloadResumes(t *testing.T) {
	const got = 1 << 20
	for _, c := range []struct {
		name   string
		etag   string // of the part
		handle http.HandlerFunc
		want   []byte
		ranges []string
	}{
		{"the same file", `"v1"`, resumable(content, `"v1"`), content, []string{"bytes=1048576-"}},
		{"a changed file", `"v1"`, resumable(other, `"v2"`), other, []string{"bytes=1048576-"}},
		{"a server that ignores ranges", `"v1"`, func(w http.ResponseWriter, q *http.Request) { w.Write(content) }, content, []string{"bytes=1048576-"}},
		{"a part of unknown origin", "", resumable(content, `"v1"`), content, []string{""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.handle)
			path := filepath.Join(t.TempDir(), "vgg19.pth")
			require.NoError(t, os.WriteFile(path+".part", content[:got], 0o666))
			if c.etag != "" {
				require.NoError(t, os.WriteFile(path+".part.etag", []byte(c.etag), 0o666))
			}
			require.NoError(t, s.file(c.want).download(t.Context(), path, quiet))
			requireOnly(t, path, c.want)
			require.Equal(t, c.ranges, s.ranges)
		})
	}
}

// TestDownloadAfterGivingUp is two runs of the program: the second completes
// what the first had to leave.
func TestDownloadAfterGivingUp(t *testing.T) {
	down := false
	s := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if down {
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		}
		down = true
		cut(resumable(content, `"v1"`), 1000)(w, q)
	})
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	err := s.file(content).download(t.Context(), path, quiet)
	require.ErrorContains(t, err, "503")
	require.ErrorContains(t, err, "1000 of 3145728 bytes")
	requireFiles(t, filepath.Dir(path), "vgg19.pth.part", "vgg19.pth.part.etag")
	require.Len(t, s.ranges, 4, "three attempts in a row that brought nothing")

	again := serve(t, resumable(content, `"v1"`))
	require.NoError(t, again.file(content).download(t.Context(), path, quiet))
	requireOnly(t, path, content)
	require.Equal(t, []string{"bytes=1000-"}, again.ranges)
}

func TestDownloadFailures(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, q *http.Request) { w.WriteHeader(code) }
	}
	for _, c := range []struct {
		name     string
		handle   http.HandlerFunc
		says     string
		requests int
	}{
		{"missing", status(404), "404 Not Found", 1},
		{"forbidden", status(403), "403 Forbidden", 1},
		{"broken server", status(500), "500", 3},
		{"busy server", status(429), "429", 3},
		{"wrong checksum", resumable(other, `"v1"`), "SHA-256", 1},
		{"wrong length", resumable(content[:1000], `"v1"`), "1000 bytes", 1},
		{"endless", func(w http.ResponseWriter, q *http.Request) {
			for {
				if _, err := w.Write(content); err != nil {
					return
				}
			}
		}, "more than 3145728 bytes", 1},
		{"cut, without an ETag to resume by", cut(func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(contentSize))
			w.Write(content)
		}, 1000), "unexpected EOF", 4},
		{"cut, with a weak ETag", cut(resumable(content, `W/"v1"`), 1000), "unexpected EOF", 4},
		{"a range that was not asked for", func(w http.ResponseWriter, q *http.Request) {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", contentSize-1, contentSize))
			w.WriteHeader(http.StatusPartialContent)
			w.Write(content)
		}, "Content-Range", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := serve(t, c.handle)
			path := filepath.Join(t.TempDir(), "vgg19.pth")
			err := s.file(content).download(t.Context(), path, quiet)
			require.ErrorContains(t, err, c.says)
			require.ErrorContains(t, err, s.URL)
			require.Len(t, s.ranges, c.requests)
			require.NoFileExists(t, path)
		})
	}
}

func TestDownloadWrongRange(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes 5-%d/%d", contentSize-1, contentSize))
		w.WriteHeader(http.StatusPartialContent)
		w.Write(content[5:])
	})
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	require.NoError(t, os.WriteFile(path+".part", content[:1000], 0o666))
	require.NoError(t, os.WriteFile(path+".part.etag", []byte(`"v1"`), 0o666))
	require.ErrorContains(t, s.file(content).download(t.Context(), path, quiet), `"bytes=1000-" with Content-Range "bytes 5-`)
	require.NoFileExists(t, path)
}

func TestDownloadUnsatisfiableRange(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, q *http.Request) {
		if q.Header.Get("Range") != "" {
			w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
			return
		}
		resumable(content, `"v2"`)(w, q)
	})
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	require.NoError(t, os.WriteFile(path+".part", content[:1000], 0o666))
	require.NoError(t, os.WriteFile(path+".part.etag", []byte(`"v1"`), 0o666))
	require.NoError(t, s.file(content).download(t.Context(), path, quiet))
	requireOnly(t, path, content)
}

func TestDownloadStalls(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(contentSize))
		w.(http.Flusher).Flush()
		<-q.Context().Done()
	})
	r := s.file(content)
	r.attempts, r.stallTime = 2, 50*time.Millisecond
	dir := t.TempDir()
	err := r.download(t.Context(), filepath.Join(dir, "vgg19.pth"), quiet)
	require.ErrorContains(t, err, "no data for 50ms")
	requireFiles(t, dir) // no empty part
}

func TestDownloadInterrupted(t *testing.T) {
	var s *server
	s = serve(t, func(w http.ResponseWriter, q *http.Request) {
		if len(s.ranges) > 1 {
			resumable(content, `"v1"`)(w, q)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("Content-Length", strconv.Itoa(contentSize))
		w.Write(content[:1<<20])
		w.(http.Flusher).Flush()
		<-q.Context().Done()
	})
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	ctx, cancel := context.WithCancel(t.Context())
	err := s.file(content).download(ctx, path, func(done int64) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
	require.NoFileExists(t, path)
	require.NoError(t, s.file(content).download(t.Context(), path, quiet))
	requireOnly(t, path, content)
	require.Len(t, s.ranges, 2)
	require.NotEmpty(t, s.ranges[1], "the second run resumes")
}

func TestDownloadKeepsAnotherFile(t *testing.T) {
	s := serve(t, resumable(content, `"v1"`))
	path := filepath.Join(t.TempDir(), "vgg19.pth")
	require.NoError(t, os.WriteFile(path, []byte("mine"), 0o666))
	require.ErrorContains(t, s.file(content).download(t.Context(), path, quiet), "move it away")
	requireOnly(t, path, []byte("mine"))
	require.Empty(t, s.ranges)
}

func TestDownloadFolderMissing(t *testing.T) {
	s := serve(t, resumable(content, `"v1"`))
	path := filepath.Join(t.TempDir(), "none", "vgg19.pth")
	require.ErrorContains(t, s.file(content).download(t.Context(), path, quiet), "none")
	require.Empty(t, s.ranges)
}
