// Package s3 keeps objects in a bucket of MinIO or any other S3 service, with
// the service's own multipart uploads.
//
//	objects/KEY             an object
//	uploads/KEY/DIGEST      a note that an upload is open; its content is the id
//
// The note exists because MinIO lists open uploads only to who names the
// object. An upload whose note could not be written is ended by the service's
// own rule for stale uploads (MinIO: after a day).
package s3

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"github.com/ensemble-sante/ensemble/server/blobs"
)

const (
	objects = "objects/"
	uploads = "uploads/"

	contentType = "application/octet-stream" // whatever is inside is encrypted
	maxUploadID = 1 << 10
)

// Config says which bucket, and as whom.
type Config struct {
	Endpoint  string // host or host:port
	Bucket    string
	Region    string // may be empty
	AccessKey string
	SecretKey string
	TLS       bool

	// Transport, if set, replaces the HTTP transport.
	Transport http.RoundTripper
}

// Bucket is a store in a bucket.
type Bucket struct {
	core *minio.Core
	name string
}

var _ blobs.Store = (*Bucket)(nil)

// Open connects to the service and makes the bucket if it is not there.
func Open(ctx context.Context, config Config) (*Bucket, error) {
	core, err := minio.NewCore(config.Endpoint, &minio.Options{
		Creds:     credentials.NewStaticV4(config.AccessKey, config.SecretKey, ""),
		Secure:    config.TLS,
		Region:    config.Region,
		Transport: config.Transport,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the object store: %w", err)
	}
	b := &Bucket{core: core, name: config.Bucket}
	there, err := core.BucketExists(ctx, config.Bucket)
	if err == nil && !there {
		err = core.MakeBucket(ctx, config.Bucket, minio.MakeBucketOptions{Region: config.Region})
		if code(err) == minio.BucketAlreadyOwnedByYou { // another node was faster
			err = nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("opening the object store: %w", err)
	}
	return b, nil
}

// Check asks for the bucket.
func (b *Bucket) Check(ctx context.Context) error {
	there, err := b.core.BucketExists(ctx, b.name)
	if err == nil && !there {
		err = errors.New("the bucket is not there")
	}
	if err != nil {
		return fmt.Errorf("checking the object store: %w", err)
	}
	return nil
}

// Begin starts a multipart upload and notes it.
func (b *Bucket) Begin(ctx context.Context, key string) (string, error) {
	if err := blobs.CheckKey(key); err != nil {
		return "", err
	}
	id, err := b.core.NewMultipartUpload(ctx, b.name, objects+key, minio.PutObjectOptions{ContentType: contentType})
	if err != nil {
		return "", fmt.Errorf("beginning an upload: %w", err)
	}
	_, err = b.core.Client.PutObject(ctx, b.name, note(key, id), strings.NewReader(id), int64(len(id)), minio.PutObjectOptions{ContentType: "text/plain"})
	if err != nil {
		_ = b.core.AbortMultipartUpload(context.WithoutCancel(ctx), b.name, objects+key, id) // else the service does it
		return "", fmt.Errorf("noting an upload: %w", err)
	}
	return id, nil
}

// PutPart streams one part.
func (b *Bucket) PutPart(ctx context.Context, key, upload string, n int, size int64, r io.Reader) error {
	if err := blobs.CheckPart(n, size); err != nil {
		return err
	}
	if err := checkUpload(key, upload); err != nil {
		return err
	}
	// The client reports a failing body as a failed request: keep the reason.
	exact := &remembering{r: blobs.Exactly(r, size)}
	var body io.Reader = exact
	if size == 0 { // the client does not read a body of no bytes
		if _, err := exact.Read(make([]byte, 1)); err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("storing part %d: %w", n, err)
		}
		body = strings.NewReader("")
	}
	_, err := b.core.PutObjectPart(ctx, b.name, objects+key, upload, n, body, size, minio.PutObjectPartOptions{})
	if exact.err != nil {
		err = exact.err
	}
	if err != nil {
		return fmt.Errorf("storing part %d: %w", n, absent(err))
	}
	return nil
}

// Parts asks the service for its list.
func (b *Bucket) Parts(ctx context.Context, key, upload string) ([]blobs.Part, error) {
	stored, err := b.stored(ctx, key, upload)
	if err != nil {
		return nil, err
	}
	parts := make([]blobs.Part, 0, len(stored))
	for _, part := range stored {
		parts = append(parts, blobs.Part{Number: part.PartNumber, Size: part.Size})
	}
	return parts, nil
}

func (b *Bucket) stored(ctx context.Context, key, upload string) ([]minio.ObjectPart, error) {
	if err := checkUpload(key, upload); err != nil {
		return nil, err
	}
	var parts []minio.ObjectPart
	for after := 0; ; {
		page, err := b.core.ListObjectParts(ctx, b.name, objects+key, upload, after, 1000)
		if err != nil {
			return nil, fmt.Errorf("listing the parts: %w", absent(err))
		}
		parts = append(parts, page.ObjectParts...)
		if !page.IsTruncated || page.NextPartNumberMarker <= after {
			return parts, nil
		}
		after = page.NextPartNumberMarker
	}
}

// Complete has the service join the parts.
func (b *Bucket) Complete(ctx context.Context, key, upload string, sizes []int64) error {
	total, err := blobs.CheckSizes(sizes)
	if err != nil {
		return err
	}
	stored, err := b.stored(ctx, key, upload)
	if errors.Is(err, blobs.ErrNoUpload) {
		return b.completedBefore(ctx, key, upload, total, err)
	}
	if err != nil {
		return err
	}
	have := make([]blobs.Part, 0, len(stored))
	join := make([]minio.CompletePart, 0, len(sizes))
	for _, part := range stored {
		have = append(have, blobs.Part{Number: part.PartNumber, Size: part.Size})
		if part.PartNumber <= len(sizes) {
			join = append(join, minio.CompletePart{PartNumber: part.PartNumber, ETag: part.ETag})
		}
	}
	if err := blobs.CheckParts(have, sizes); err != nil {
		return err
	}
	_, err = b.core.CompleteMultipartUpload(ctx, b.name, objects+key, upload, join, minio.PutObjectOptions{ContentType: contentType})
	if err = absent(err); errors.Is(err, blobs.ErrNoUpload) {
		return b.completedBefore(ctx, key, upload, total, err)
	}
	if err != nil {
		return fmt.Errorf("completing an object: %w", err)
	}
	return b.forget(ctx, key, upload)
}

// completedBefore tells whether an upload is gone because it was completed.
func (b *Bucket) completedBefore(ctx context.Context, key, upload string, total int64, gone error) error {
	if object, err := b.Stat(ctx, key); err == nil && object.Size == total {
		return b.forget(ctx, key, upload)
	}
	return gone
}

// Abort ends the multipart upload and removes its note.
func (b *Bucket) Abort(ctx context.Context, key, upload string) error {
	if err := checkUpload(key, upload); err != nil {
		if errors.Is(err, blobs.ErrNoUpload) {
			return nil
		}
		return err
	}
	err := absent(b.core.AbortMultipartUpload(ctx, b.name, objects+key, upload))
	if err != nil && !errors.Is(err, blobs.ErrNoUpload) {
		return fmt.Errorf("ending an upload: %w", err)
	}
	return b.forget(ctx, key, upload)
}

// forget removes the note of an upload that has ended.
func (b *Bucket) forget(ctx context.Context, key, upload string) error {
	if err := b.core.RemoveObject(ctx, b.name, note(key, upload), minio.RemoveObjectOptions{}); err != nil {
		return fmt.Errorf("removing the note of an upload: %w", err)
	}
	return nil
}

// Get asks for a range; the answer names the whole size.
func (b *Bucket) Get(ctx context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if err := blobs.CheckKey(key); err != nil {
		return nil, 0, err
	}
	if offset < 0 || length == 0 {
		return b.nothing(ctx, key, offset)
	}
	var options minio.GetObjectOptions
	wanted := fmt.Sprintf("bytes=%d-", offset)
	if length > 0 && length <= math.MaxInt64-offset {
		wanted += strconv.FormatInt(offset+length-1, 10)
	}
	options.Set("Range", wanted)
	body, _, header, err := b.core.GetObject(ctx, b.name, objects+key, options)
	if code(err) == minio.InvalidRange {
		return b.nothing(ctx, key, offset)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading an object: %w", absent(err))
	}
	_, total, _ := strings.Cut(header.Get("Content-Range"), "/")
	size, err := strconv.ParseInt(total, 10, 64)
	if err != nil {
		return nil, 0, fmt.Errorf("reading an object: the answer names no size: %w", errors.Join(err, body.Close()))
	}
	return body, size, nil
}

// nothing answers for a range without a byte, which HTTP cannot ask for.
func (b *Bucket) nothing(ctx context.Context, key string, offset int64) (io.ReadCloser, int64, error) {
	object, err := b.Stat(ctx, key)
	if err == nil {
		_, _, err = blobs.Range(offset, 0, object.Size)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading an object: %w", err)
	}
	return io.NopCloser(strings.NewReader("")), object.Size, nil
}

// Stat asks for the object's head.
func (b *Bucket) Stat(ctx context.Context, key string) (blobs.Object, error) {
	if err := blobs.CheckKey(key); err != nil {
		return blobs.Object{}, err
	}
	info, err := b.core.StatObject(ctx, b.name, objects+key, minio.StatObjectOptions{})
	if err != nil {
		return blobs.Object{}, fmt.Errorf("looking at an object: %w", absent(err))
	}
	return blobs.Object{Key: key, Size: info.Size, Modified: info.LastModified}, nil
}

// Delete removes the object.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := blobs.CheckKey(key); err != nil {
		return err
	}
	err := absent(b.core.RemoveObject(ctx, b.name, objects+key, minio.RemoveObjectOptions{}))
	if err != nil && !errors.Is(err, blobs.ErrNotFound) {
		return fmt.Errorf("removing an object: %w", err)
	}
	return nil
}

// Uploads reads the notes.
func (b *Bucket) Uploads(ctx context.Context, before time.Time) iter.Seq2[blobs.Upload, error] {
	return func(yield func(blobs.Upload, error) bool) {
		ctx, cancel := context.WithCancel(ctx) // ends the listing when the caller stops early
		defer cancel()
		for info := range b.core.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: uploads, Recursive: true}) {
			if info.Err != nil {
				yield(blobs.Upload{}, fmt.Errorf("listing uploads: %w", info.Err))
				return
			}
			if !info.LastModified.Before(before) {
				continue
			}
			id, err := b.noted(ctx, info.Key)
			if errors.Is(err, blobs.ErrNotFound) {
				continue // ended meanwhile
			}
			if err != nil {
				yield(blobs.Upload{}, fmt.Errorf("listing uploads: %w", err))
				return
			}
			key := path.Dir(strings.TrimPrefix(info.Key, uploads))
			if !yield(blobs.Upload{Key: key, ID: id, Begun: info.LastModified}, nil) {
				return
			}
		}
	}
}

// noted reads the id from a note.
func (b *Bucket) noted(ctx context.Context, name string) (string, error) {
	body, _, _, err := b.core.GetObject(ctx, b.name, name, minio.GetObjectOptions{})
	if err != nil {
		return "", absent(err)
	}
	id, err := io.ReadAll(io.LimitReader(body, maxUploadID))
	return string(id), errors.Join(err, body.Close())
}

func checkUpload(key, upload string) error {
	if err := blobs.CheckKey(key); err != nil {
		return err
	}
	// Services make their ids of printable ASCII, and some refuse a path in them.
	printable := func(r rune) bool { return r > ' ' && r <= '~' && r != '/' && r != '\\' }
	if upload == "" || upload == "." || upload == ".." || len(upload) > maxUploadID ||
		strings.IndexFunc(upload, func(r rune) bool { return !printable(r) }) >= 0 {
		return blobs.ErrNoUpload
	}
	return nil
}

// note is where an upload is noted; a service's ids are too long for a name.
func note(key, upload string) string {
	digest := sha256.Sum256([]byte(upload))
	return uploads + key + "/" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(digest[:16]))
}

func code(err error) string { return minio.ToErrorResponse(err).Code }

// absent translates the service's words for what is not there.
func absent(err error) error {
	if err == nil {
		return nil
	}
	switch code(err) {
	case minio.NoSuchKey:
		return blobs.ErrNotFound
	case minio.NoSuchUpload:
		return blobs.ErrNoUpload
	default:
		return err
	}
}

// remembering keeps the error that ended a body, other than its end.
type remembering struct {
	r   io.Reader
	err error
}

func (m *remembering) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}
