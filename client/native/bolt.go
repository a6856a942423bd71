package native

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/ensemble-sante/ensemble/client"
)

const (
	stateFile = "state.db"
	keyFile   = "storage.key"
)

var bucket = []byte("state")

// Folder is storage in a folder: a bbolt database, and beside it the storage key
// in a file that only its owner may read.
type Folder struct {
	db  *bolt.DB
	key []byte
}

// OpenFolder opens the storage of a device, making the folder if need be. One
// process at a time: another one waits two seconds and gets an error.
func OpenFolder(path string) (*Folder, error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, fmt.Errorf("native: making the device's folder: %w", err)
	}
	db, err := bolt.Open(filepath.Join(path, stateFile), 0o600, &bolt.Options{Timeout: 2 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("native: opening the device's state: %w", err)
	}
	err = db.Update(func(tx *bolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("native: preparing the device's state: %w", err)
	}
	key, err := storageKey(filepath.Join(path, keyFile))
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return &Folder{db, key}, nil
}

// storageKey reads the key file, or makes it: written whole, then renamed.
func storageKey(path string) ([]byte, error) {
	key, err := os.ReadFile(path)
	switch {
	case err == nil && len(key) == client.StorageKeySize:
		return key, nil
	case err == nil:
		return nil, fmt.Errorf("native: the storage key has %d bytes", len(key))
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("native: reading the storage key: %w", err)
	}
	key = make([]byte, client.StorageKeySize)
	_, _ = rand.Read(key) // never fails
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("native: making the storage key: %w", err)
	}
	_, err = f.Write(key)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return nil, fmt.Errorf("native: making the storage key: %w", err)
	}
	return key, nil
}

// Key is the storage key, for [client.Config].
func (f *Folder) Key() []byte { return bytes.Clone(f.key) }

// Close closes the database.
func (f *Folder) Close() error { return f.db.Close() }

// Get implements [client.Storage].
func (f *Folder) Get(_ context.Context, key string) (value []byte, err error) {
	err = f.db.View(func(tx *bolt.Tx) error {
		value = bytes.Clone(tx.Bucket(bucket).Get([]byte(key)))
		return nil
	})
	return value, err
}

// Scan implements [client.Storage].
func (f *Folder) Scan(_ context.Context, prefix string) (out []client.Pair, err error) {
	err = f.db.View(func(tx *bolt.Tx) error {
		c := tx.Bucket(bucket).Cursor()
		for k, v := c.Seek([]byte(prefix)); bytes.HasPrefix(k, []byte(prefix)) && k != nil; k, v = c.Next() {
			out = append(out, client.Pair{Key: string(k), Value: bytes.Clone(v)})
		}
		return nil
	})
	return out, err
}

// Batch implements [client.Storage].
func (f *Folder) Batch(_ context.Context, ops []client.Op) error {
	return f.db.Update(func(tx *bolt.Tx) error {
		b := tx.Bucket(bucket)
		for _, op := range ops {
			var err error
			if op.Value == nil {
				err = b.Delete([]byte(op.Key))
			} else {
				err = b.Put([]byte(op.Key), op.Value)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}
