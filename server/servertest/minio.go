package servertest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/stretchr/testify/require"
)

// ObjectStore is how to reach an S3 service, and a bucket in it.
type ObjectStore struct {
	Endpoint  string // host:port, without TLS
	AccessKey string
	SecretKey string
	Region    string
	Bucket    string
}

// errNoMinIO says that the pinned MinIO has not been built on this machine.
var errNoMinIO = errors.New("MinIO is not built (run scripts/tool.sh minio)")

var sharedMinIO struct {
	mu      sync.Mutex
	err     error
	store   ObjectStore
	started bool
	buckets atomic.Int64
}

// MinIO gives the test an empty bucket on a real MinIO server, which the whole
// test binary shares.
func MinIO(t testing.TB) ObjectStore {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	defer cancel()
	sharedMinIO.mu.Lock()
	defer sharedMinIO.mu.Unlock()
	if !sharedMinIO.started {
		sharedMinIO.started = true
		sharedMinIO.store, sharedMinIO.err = startMinIO(ctx)
	}
	if errors.Is(sharedMinIO.err, errNoMinIO) {
		missing(t, "MinIO", sharedMinIO.err)
	}
	require.NoError(t, sharedMinIO.err)
	store := sharedMinIO.store
	store.Bucket = fmt.Sprintf("test-%d", sharedMinIO.buckets.Add(1))
	client, err := minio.New(store.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(store.AccessKey, store.SecretKey, "")})
	require.NoError(t, err)
	require.NoError(t, client.MakeBucket(ctx, store.Bucket, minio.MakeBucketOptions{Region: store.Region}))
	return store
}

func startMinIO(ctx context.Context) (ObjectStore, error) {
	binary, err := tool(ctx, "minio")
	if err != nil {
		return ObjectStore{}, err
	}
	folder, err := os.MkdirTemp("", "ensemble-minio-")
	if err != nil {
		return ObjectStore{}, err
	}
	store := ObjectStore{AccessKey: "test", SecretKey: rand.Text(), Region: "us-east-1"}
	for range 5 { // another process may take the port before MinIO does
		if err = runMinIO(ctx, binary, folder, &store); err == nil {
			return store, nil
		}
	}
	_ = os.RemoveAll(folder)
	return ObjectStore{}, err
}

// runMinIO starts the server and waits until it answers.
func runMinIO(ctx context.Context, binary, folder string, store *ObjectStore) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	store.Endpoint = fmt.Sprintf("127.0.0.1:%d", port)
	output, err := os.OpenFile(filepath.Join(folder, "log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	cmd := exec.Command(binary, "server", "--quiet", "--address", store.Endpoint, filepath.Join(folder, "data"))
	cmd.Dir = folder
	cmd.Stdout, cmd.Stderr = output, output
	cmd.Env = []string{
		"HOME=" + folder, "PATH=" + os.Getenv("PATH"),
		"MINIO_ROOT_USER=" + store.AccessKey, "MINIO_ROOT_PASSWORD=" + store.SecretKey,
		"MINIO_REGION=" + store.Region,
		"MINIO_BROWSER=off", "MINIO_UPDATE=off",
		"MINIO_CI_CD=on", // takes a folder on the system's own disk
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	err = cmd.Start()
	_ = output.Close()
	if err != nil {
		return fmt.Errorf("starting MinIO: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	if err := reap(cmd.Process.Pid, "TERM", folder); err != nil {
		_ = cmd.Process.Kill()
		return err
	}
	for {
		if healthy(ctx, store.Endpoint) {
			return nil
		}
		select {
		case err := <-ended:
			text, _ := os.ReadFile(filepath.Join(folder, "log"))
			return fmt.Errorf("MinIO ended (%v): %s", err, strings.TrimSpace(string(text)))
		case <-ctx.Done():
			return fmt.Errorf("waiting for MinIO: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func healthy(ctx context.Context, endpoint string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+endpoint+"/minio/health/ready", nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	_ = response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// tool asks scripts/tool.sh where a pinned tool is; it builds nothing.
func tool(ctx context.Context, name string) (string, error) {
	root, err := moduleRoot()
	if err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, "/bin/sh", filepath.Join(root, "scripts", "tool.sh"), "--path", name).Output()
	if err != nil {
		return "", fmt.Errorf("asking where %s is: %w", name, err)
	}
	path := strings.TrimSpace(string(out))
	if _, err := os.Stat(path); err != nil {
		return "", errNoMinIO
	}
	return path, nil
}

// moduleRoot is the nearest folder above the working one that holds go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("no go.mod above the working folder")
		}
	}
}
