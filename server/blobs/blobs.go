// Package blobs is where documents lie: immutable objects, always ciphertext,
// written in parts that can be resumed and read in ranges.
//
// [Store] is the small interface; package folder keeps objects in a folder,
// package s3 in a bucket of any S3 service, and both pass the suite of package
// blobstest. A store knows nothing of who may read: the server asks its own
// authorisation first. It holds no whole object or part in memory.
//
// # Writing
//
// An upload is begun for a key and gets an id. Its parts are numbered from 1;
// every part but the last has exactly [PartSize] bytes, so that part n begins
// at (n-1)·PartSize and whoever resumes needs only the numbers of the parts
// that are there. A part sent again replaces the one before. Complete checks
// the parts against the sizes the caller expects and makes the object visible
// at once and whole; Abort forgets the upload. Every one of these can be
// repeated after a lost answer.
package blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"
)

const (
	// PartSize is the size in bytes of every part but the last. S3 takes no
	// less than 5 MiB.
	PartSize = 8 << 20

	// MaxParts is the number of parts that S3 takes.
	MaxParts = 10_000

	// MaxKey is the longest key, in bytes.
	MaxKey = 128
)

// Errors that callers decide on; others are of the network, the disk or the
// service.
var (
	ErrNotFound = errors.New("no such object")
	ErrNoUpload = errors.New("no such upload")
	ErrKey      = errors.New("not an object key")
	ErrPart     = errors.New("not a part number")
	ErrSize     = errors.New("wrong size")
	ErrRange    = errors.New("the range lies outside the object")
)

// Object is what is known of a stored object.
type Object struct {
	Key      string
	Size     int64     // bytes
	Modified time.Time // when it was completed
}

// Part is a stored part of an upload.
type Part struct {
	Number int
	Size   int64
}

// Upload is an upload that was begun and neither completed nor aborted.
type Upload struct {
	Key   string
	ID    string
	Begun time.Time
}

// A Store keeps objects. Its methods may be called from several goroutines.
type Store interface {
	// Begin starts an upload for key. Several may be open for one key; each
	// that is completed replaces the object. ErrKey.
	Begin(ctx context.Context, key string) (upload string, err error)

	// PutPart stores part number n, of size bytes, which r must yield exactly:
	// otherwise the part stays as it was and the error is ErrSize, or r's own.
	// ErrKey, ErrPart, ErrNoUpload.
	PutPart(ctx context.Context, key, upload string, n int, size int64, r io.Reader) error

	// Parts lists the stored parts in order of their number. ErrNoUpload.
	Parts(ctx context.Context, key, upload string) ([]Part, error)

	// Complete makes the object from parts 1 to len(sizes) and ends the upload.
	// A part that is absent or of another size is ErrSize, and nothing changes.
	// Done again with the same sizes it succeeds. ErrNoUpload.
	Complete(ctx context.Context, key, upload string, sizes []int64) error

	// Abort ends the upload and drops its parts; one that is not there is no error.
	Abort(ctx context.Context, key, upload string) error

	// Get reads length bytes from offset, or to the end if length is negative
	// or reaches beyond it, and tells the size of the whole object. An offset
	// beyond the end is ErrRange. The caller closes the reader. ErrNotFound.
	Get(ctx context.Context, key string, offset, length int64) (body io.ReadCloser, size int64, err error)

	// Stat tells what is known of an object. ErrNotFound.
	Stat(ctx context.Context, key string) (Object, error)

	// Delete removes an object; one that is not there is no error.
	Delete(ctx context.Context, key string) error

	// Uploads lists the uploads begun before a time, for whoever cleans up.
	Uploads(ctx context.Context, before time.Time) iter.Seq2[Upload, error]

	// Check tells whether the store can be reached and used.
	Check(ctx context.Context) error
}

// CheckKey refuses what is no key: 1 to MaxKey lower-case letters, digits,
// dashes, underscores and points, the first a letter or a digit.
func CheckKey(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("%w: its length is %d", ErrKey, len(key))
	}
	for i := range len(key) {
		c := key[i]
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
		case i > 0 && (c == '-' || c == '_' || c == '.'):
		default:
			return fmt.Errorf("%w: byte %d", ErrKey, i)
		}
	}
	return nil
}

// CheckPart refuses a part that no store would take.
func CheckPart(n int, size int64) error {
	if n < 1 || n > MaxParts {
		return fmt.Errorf("%w: %d", ErrPart, n)
	}
	if size < 0 || size > PartSize || size == 0 && n > 1 {
		return fmt.Errorf("%w: part %d of %d bytes", ErrSize, n, size)
	}
	return nil
}

// CheckSizes refuses sizes that do not follow the rule of parts, and adds them
// up.
func CheckSizes(sizes []int64) (total int64, err error) {
	if len(sizes) == 0 || len(sizes) > MaxParts {
		return 0, fmt.Errorf("%w: %d parts", ErrSize, len(sizes))
	}
	for i, size := range sizes {
		if err := CheckPart(i+1, size); err != nil {
			return 0, err
		}
		if i < len(sizes)-1 && size != PartSize {
			return 0, fmt.Errorf("%w: part %d is not the last and has %d bytes", ErrSize, i+1, size)
		}
		total += size
	}
	return total, nil
}

// CheckParts compares what a store has with the sizes that were asked for.
func CheckParts(parts []Part, sizes []int64) error {
	have := make(map[int]int64, len(parts))
	for _, part := range parts {
		have[part.Number] = part.Size
	}
	for i, size := range sizes {
		got, ok := have[i+1]
		if !ok {
			return fmt.Errorf("%w: part %d is not there", ErrSize, i+1)
		}
		if got != size {
			return fmt.Errorf("%w: part %d has %d bytes, not %d", ErrSize, i+1, got, size)
		}
	}
	return nil
}

// Range cuts a range to an object of size bytes, as Get does.
func Range(offset, length, size int64) (from, n int64, err error) {
	if offset < 0 || offset > size {
		return 0, 0, fmt.Errorf("%w: offset %d of %d bytes", ErrRange, offset, size)
	}
	rest := size - offset
	if length < 0 || length > rest {
		length = rest
	}
	return offset, length, nil
}

// Exactly reads size bytes from r. If r ends before, or goes on after, reading
// fails with ErrSize before the last byte is handed out: whoever is reading
// for a declared length never sees a whole part.
func Exactly(r io.Reader, size int64) io.Reader { return &exactly{r: r, left: size, size: size} }

type exactly struct {
	r          io.Reader
	left, size int64
	err        error
}

func (e *exactly) Read(p []byte) (int, error) {
	if e.err != nil {
		return 0, e.err
	}
	if e.left == 0 { // only when nothing was announced
		e.err = e.end()
		return 0, e.err
	}
	if int64(len(p)) > e.left {
		p = p[:e.left]
	}
	n, err := e.r.Read(p)
	e.left -= int64(n)
	switch {
	case e.left > 0 && errors.Is(err, io.EOF):
		err = fmt.Errorf("%w: %d of the %d bytes announced", ErrSize, e.size-e.left, e.size)
	case e.left == 0 && err == nil:
		err = e.end()
	}
	if e.left == 0 && !errors.Is(err, io.EOF) {
		n = 0 // the last bytes are not handed out
	}
	e.err = err
	return n, err
}

// end tells what comes after the announced bytes: io.EOF if all is well.
func (e *exactly) end() error {
	var one [1]byte
	for {
		n, err := e.r.Read(one[:])
		if n > 0 {
			return fmt.Errorf("%w: more than the %d bytes announced", ErrSize, e.size)
		}
		if err != nil {
			return err
		}
	}
}
