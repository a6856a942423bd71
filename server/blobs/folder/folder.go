// Package folder keeps objects in a folder: the store of the demonstration and
// of a server that stands alone.
//
//	objects/ab/abcd…        an object, under the first two letters of its key
//	uploads/ID/key          an open upload: the key it is for,
//	uploads/ID/000001       and its parts
//	new/…                   what is being written
//
// Everything is written under new, synced to the disk and renamed into place,
// so a crash leaves either all of it or nothing. What it leaves under new is
// removed when the folder is opened. One process at a time uses a folder.
package folder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/ensemble-sante/ensemble/server/blobs"
)

const (
	objects = "objects"
	uploads = "uploads"
	fresh   = "new"
	keyFile = "key"
)

// Folder is a store in a folder. No path leaves the folder: it is held open,
// and names are looked up beneath it.
type Folder struct{ root *os.Root }

var _ blobs.Store = (*Folder)(nil)

// Open opens the store in a folder, making it if need be.
func Open(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("opening the objects: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("opening the objects: %w", err)
	}
	f := &Folder{root: root}
	if err := f.prepare(); err != nil {
		return nil, fmt.Errorf("opening the objects: %w", errors.Join(err, root.Close()))
	}
	return f, nil
}

func (f *Folder) prepare() error {
	if err := f.root.RemoveAll(fresh); err != nil {
		return err
	}
	for _, name := range []string{objects, uploads, fresh} {
		if err := f.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return f.sync(".")
}

// Close lets go of the folder.
func (f *Folder) Close() error { return f.root.Close() }

// Check writes and removes a file.
func (f *Folder) Check(context.Context) error {
	name := newName()
	err := f.root.WriteFile(name, nil, 0o600)
	if err == nil {
		err = f.root.Remove(name)
	}
	if err != nil {
		return fmt.Errorf("checking the objects' folder: %w", err)
	}
	return nil
}

// Begin makes the upload's folder elsewhere and moves it into place.
func (f *Folder) Begin(_ context.Context, key string) (string, error) {
	if err := blobs.CheckKey(key); err != nil {
		return "", err
	}
	id := strings.ToLower(rand.Text())
	made := newName()
	err := f.root.Mkdir(made, 0o700)
	if err == nil {
		err = f.write(path.Join(made, keyFile), strings.NewReader(key))
	}
	if err == nil {
		err = f.sync(made)
	}
	if err == nil {
		err = f.place(made, path.Join(uploads, id))
	}
	if err != nil {
		return "", fmt.Errorf("beginning an upload: %w", errors.Join(err, f.root.RemoveAll(made)))
	}
	return id, nil
}

// PutPart writes the part elsewhere and moves it into place.
func (f *Folder) PutPart(ctx context.Context, key, upload string, n int, size int64, r io.Reader) error {
	if err := blobs.CheckPart(n, size); err != nil {
		return err
	}
	if err := f.checkUpload(key, upload); err != nil {
		return err
	}
	made := newName()
	err := f.write(made, blobs.Exactly(reader{ctx, r}, size))
	if err == nil {
		err = f.place(made, path.Join(uploads, upload, partName(n)))
	}
	if errors.Is(err, fs.ErrNotExist) { // aborted or completed meanwhile
		err = blobs.ErrNoUpload
	}
	if err != nil {
		return fmt.Errorf("storing part %d: %w", n, errors.Join(err, f.remove(made)))
	}
	return nil
}

// Parts lists the upload's part files.
func (f *Folder) Parts(_ context.Context, key, upload string) ([]blobs.Part, error) {
	if err := f.checkUpload(key, upload); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(f.root.FS(), path.Join(uploads, upload)) // sorted
	if err != nil {
		return nil, fmt.Errorf("listing the parts: %w", missing(err, blobs.ErrNoUpload))
	}
	var parts []blobs.Part
	for _, entry := range entries {
		if entry.Name() == keyFile {
			continue
		}
		n, err := strconv.Atoi(entry.Name())
		if err != nil {
			return nil, fmt.Errorf("listing the parts: %w", err)
		}
		info, err := entry.Info()
		if err != nil {
			return nil, fmt.Errorf("listing the parts: %w", missing(err, blobs.ErrNoUpload))
		}
		parts = append(parts, blobs.Part{Number: n, Size: info.Size()})
	}
	return parts, nil
}

// Complete joins the parts elsewhere, moves the object into place and drops
// the upload.
func (f *Folder) Complete(ctx context.Context, key, upload string, sizes []int64) error {
	total, err := blobs.CheckSizes(sizes)
	if err != nil {
		return err
	}
	parts, err := f.Parts(ctx, key, upload)
	if errors.Is(err, blobs.ErrNoUpload) {
		return f.completedBefore(ctx, key, total, err)
	}
	if err != nil {
		return err
	}
	if err := blobs.CheckParts(parts, sizes); err != nil {
		return err
	}
	made := newName()
	err = f.join(ctx, made, upload, len(sizes))
	if err == nil {
		err = f.placeObject(made, key)
	}
	if err != nil {
		return fmt.Errorf("completing an object: %w", errors.Join(missing(err, blobs.ErrNoUpload), f.remove(made)))
	}
	return f.Abort(ctx, key, upload)
}

// completedBefore tells whether an upload is gone because it was completed.
func (f *Folder) completedBefore(ctx context.Context, key string, total int64, gone error) error {
	if object, err := f.Stat(ctx, key); err == nil && object.Size == total {
		return nil
	}
	return gone
}

func (f *Folder) join(ctx context.Context, made, upload string, n int) error {
	whole, err := f.root.OpenFile(made, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	for i := 1; i <= n && err == nil; i++ {
		err = f.appendPart(ctx, whole, path.Join(uploads, upload, partName(i)))
	}
	if err == nil {
		err = whole.Sync()
	}
	return errors.Join(err, whole.Close())
}

// appendPart copies from file to file, which the kernel does by itself.
func (f *Folder) appendPart(ctx context.Context, whole *os.File, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	part, err := f.root.Open(name)
	if err != nil {
		return err
	}
	_, err = whole.ReadFrom(part)
	return errors.Join(err, part.Close())
}

func (f *Folder) placeObject(made, key string) error {
	name := objectName(key)
	err := f.root.Mkdir(path.Dir(name), 0o700)
	if err == nil {
		err = f.sync(objects)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return f.place(made, name)
}

// Abort moves the upload's folder away, which ends it at once, and removes it.
func (f *Folder) Abort(_ context.Context, key, upload string) error {
	if err := f.checkUpload(key, upload); err != nil {
		if errors.Is(err, blobs.ErrNoUpload) {
			return nil
		}
		return err
	}
	gone := newName()
	err := f.root.Rename(path.Join(uploads, upload), gone)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = errors.Join(f.sync(uploads), f.root.RemoveAll(gone))
	}
	if err != nil {
		return fmt.Errorf("ending an upload: %w", err)
	}
	return nil
}

// Get opens the object's file at the offset.
func (f *Folder) Get(_ context.Context, key string, offset, length int64) (io.ReadCloser, int64, error) {
	if err := blobs.CheckKey(key); err != nil {
		return nil, 0, err
	}
	file, err := f.root.Open(objectName(key))
	if err != nil {
		return nil, 0, fmt.Errorf("reading an object: %w", missing(err, blobs.ErrNotFound))
	}
	info, err := file.Stat()
	var from, n int64
	if err == nil {
		from, n, err = blobs.Range(offset, length, info.Size())
	}
	if err != nil {
		return nil, 0, fmt.Errorf("reading an object: %w", errors.Join(err, file.Close()))
	}
	return &body{io.NewSectionReader(file, from, n), file}, info.Size(), nil
}

// Stat looks at the object's file.
func (f *Folder) Stat(_ context.Context, key string) (blobs.Object, error) {
	if err := blobs.CheckKey(key); err != nil {
		return blobs.Object{}, err
	}
	info, err := f.root.Stat(objectName(key))
	if err != nil {
		return blobs.Object{}, fmt.Errorf("looking at an object: %w", missing(err, blobs.ErrNotFound))
	}
	return blobs.Object{Key: key, Size: info.Size(), Modified: info.ModTime()}, nil
}

// Delete removes the object's file.
func (f *Folder) Delete(_ context.Context, key string) error {
	if err := blobs.CheckKey(key); err != nil {
		return err
	}
	name := objectName(key)
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = f.sync(path.Dir(name))
	}
	if err != nil {
		return fmt.Errorf("removing an object: %w", err)
	}
	return nil
}

// Uploads reads the folder of uploads.
func (f *Folder) Uploads(ctx context.Context, before time.Time) iter.Seq2[blobs.Upload, error] {
	return func(yield func(blobs.Upload, error) bool) {
		entries, err := fs.ReadDir(f.root.FS(), uploads)
		if err != nil {
			yield(blobs.Upload{}, fmt.Errorf("listing uploads: %w", err))
			return
		}
		for _, entry := range entries {
			u, err := f.upload(entry.Name())
			if errors.Is(err, fs.ErrNotExist) {
				continue // ended meanwhile
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(blobs.Upload{}, fmt.Errorf("listing uploads: %w", err))
				return
			}
			if u.Begun.Before(before) && !yield(u, nil) {
				return
			}
		}
	}
}

func (f *Folder) upload(id string) (blobs.Upload, error) {
	name := path.Join(uploads, id, keyFile)
	info, err := f.root.Stat(name)
	if err != nil {
		return blobs.Upload{}, err
	}
	key, err := f.root.ReadFile(name)
	return blobs.Upload{Key: string(key), ID: id, Begun: info.ModTime()}, err
}

// checkUpload says whether the upload is open and for that key.
func (f *Folder) checkUpload(key, upload string) error {
	if err := blobs.CheckKey(key); err != nil {
		return err
	}
	if blobs.CheckKey(upload) != nil { // an id of ours has the shape of a key
		return blobs.ErrNoUpload
	}
	begunFor, err := f.root.ReadFile(path.Join(uploads, upload, keyFile))
	if err != nil {
		return missing(err, blobs.ErrNoUpload)
	}
	if string(begunFor) != key {
		return blobs.ErrNoUpload
	}
	return nil
}

// write makes a file from all of r, on the disk when it returns.
func (f *Folder) write(name string, r io.Reader) error {
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, r)
	if err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

// place renames and makes the new name durable.
func (f *Folder) place(made, name string) error {
	if err := f.root.Rename(made, name); err != nil {
		return err
	}
	return f.sync(path.Dir(name))
}

func (f *Folder) sync(name string) error {
	dir, err := f.root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (f *Folder) remove(name string) error {
	err := f.root.Remove(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func objectName(key string) string { return path.Join(objects, key[:min(2, len(key))], key) }
func partName(n int) string        { return fmt.Sprintf("%06d", n) }
func newName() string              { return path.Join(fresh, rand.Text()) }

func missing(err, instead error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return instead
	}
	return err
}

// reader ends when its context does.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}

type body struct {
	*io.SectionReader
	file *os.File
}

func (b *body) Close() error { return b.file.Close() }
