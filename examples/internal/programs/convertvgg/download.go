package convertvgg

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// remoteFile is a file on the web whose size and beginning of the SHA-256 are
// known. torchvision puts the first 8 hex digits into the names of its files.
type remoteFile struct {
	url       string
	size      int64
	sha256    string        // the first hex digits
	attempts  int           // in a row without a new byte, before giving up
	pause     time.Duration // before another attempt
	stallTime time.Duration // without a new byte, before an attempt is given up
}

var torchvision = remoteFile{
	url:       "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
	size:      574673361,
	sha256:    "dcbb9e9d",
	attempts:  5,
	pause:     2 * time.Second,
	stallTime: time.Minute,
}

// errPermanent marks failures that another attempt will not mend.
var errPermanent = errors.New("download given up")

// download fetches the file to path and calls progress with the number of bytes
// that are there. They gather in path.part, which a later call completes if the
// server's file is still the same (path.part.etag holds its ETag). path appears
// only when size and checksum are right. If path is there already, it is only
// checked.
func (r remoteFile) download(ctx context.Context, path string, progress func(done int64)) error {
	if _, err := os.Stat(path); err == nil {
		if err := r.check(path); err != nil {
			return fmt.Errorf("%w; move it away to download it anew", err)
		}
		return nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return err
	}
	part, err := openPart(path)
	if err != nil {
		return err
	}
	defer part.close()

	for failures := 0; part.size < r.size; {
		before := part.size
		err := r.attempt(ctx, part, progress)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errPermanent):
			return err
		case part.size > before:
			failures = 0
		default:
			failures++
		}
		if failures == r.attempts {
			return fmt.Errorf("GET %s: %d attempts failed, %d of %d bytes are kept for the next: %w", r.url, failures, part.size, r.size, err)
		}
		if err != nil {
			select {
			case <-time.After(r.pause):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	if err := part.Sync(); err != nil {
		return err
	}
	if err := r.check(part.Name()); err != nil {
		part.remove()
		return fmt.Errorf("GET %s: %w, so it was removed", r.url, err)
	}
	return part.finish(path)
}

// attempt makes one request for what is missing from part and appends to it.
func (r remoteFile) attempt(ctx context.Context, part *partFile, progress func(done int64)) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stalled := time.AfterFunc(r.stallTime, func() {
		cancel(fmt.Errorf("no data for %v", r.stallTime))
	})
	defer stalled.Stop()

	request, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", errPermanent, err)
	}
	request.Header.Set("Accept-Encoding", "identity")
	if part.etag != "" && part.size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", part.size))
		request.Header.Set("If-Range", part.etag)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if wrapped := new(url.Error); errors.As(err, &wrapped) {
			err = wrapped.Err // without method and URL, which download adds
		}
		return err
	}
	defer response.Body.Close()

	switch code := response.StatusCode; {
	case code == http.StatusOK:
		// The whole file: the first time, or because the server's has changed
		// or it does not resume.
		if n := response.ContentLength; n >= 0 && n != r.size {
			return fmt.Errorf("%w: GET %s: the file has %d bytes instead of %d", errPermanent, r.url, n, r.size)
		}
		if err := part.restart(response.Header.Get("ETag")); err != nil {
			return fmt.Errorf("%w: %w", errPermanent, err)
		}
	case code == http.StatusPartialContent:
		want := fmt.Sprintf("bytes %d-%d/%d", part.size, r.size-1, r.size)
		asked, got := request.Header.Get("Range"), response.Header.Get("Content-Range")
		if asked == "" || got != want {
			return fmt.Errorf("%w: GET %s: the server answered Range %q with Content-Range %q", errPermanent, r.url, asked, got)
		}
	case code == http.StatusRequestedRangeNotSatisfiable:
		return errors.Join(errors.New(response.Status), part.restart(""))
	case code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code >= 500:
		return errors.New(response.Status)
	default:
		return fmt.Errorf("%w: GET %s: %s", errPermanent, r.url, response.Status)
	}

	// One byte more than is missing is enough to see that there is too much.
	body := io.LimitReader(response.Body, r.size-part.size+1)
	buffer := make([]byte, 1<<18)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			stalled.Reset(r.stallTime)
			if part.size+int64(n) > r.size {
				part.remove()
				return fmt.Errorf("%w: GET %s: the file has more than %d bytes", errPermanent, r.url, r.size)
			}
			if err := part.append(buffer[:n]); err != nil {
				return fmt.Errorf("%w: %w", errPermanent, err)
			}
			progress(part.size)
		}
		switch {
		case err == io.EOF && part.size < r.size:
			return io.ErrUnexpectedEOF
		case err == io.EOF:
			return nil
		case err != nil && context.Cause(ctx) != nil:
			return context.Cause(ctx)
		case err != nil:
			return err
		}
	}
}

// check compares size and checksum of the file at path with r's.
func (r remoteFile) check(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	if err != nil {
		return err
	}
	if n != r.size {
		return fmt.Errorf("%s has %d bytes instead of %d", path, n, r.size)
	}
	if sum := hex.EncodeToString(hash.Sum(nil)); !strings.HasPrefix(sum, r.sha256) {
		return fmt.Errorf("%s has a SHA-256 of %s... and not %s... as it should", path, sum[:max(8, len(r.sha256))], r.sha256)
	}
	return nil
}
