package s3_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/ensemble-sante/ensemble/server/blobs"
	"github.com/ensemble-sante/ensemble/server/blobs/blobstest"
	"github.com/ensemble-sante/ensemble/server/blobs/s3"
	"github.com/ensemble-sante/ensemble/server/servertest"
)

func config(store servertest.ObjectStore) s3.Config {
	return s3.Config{
		Endpoint: store.Endpoint, Bucket: store.Bucket, Region: store.Region,
		AccessKey: store.AccessKey, SecretKey: store.SecretKey,
	}
}

func open(t *testing.T) blobs.Store {
	t.Helper()
	b, err := s3.Open(t.Context(), config(servertest.MinIO(t)))
	require.NoError(t, err)
	return b
}

func TestABucketIsAStore(t *testing.T) { blobstest.Run(t, open) }

func TestABucketThatIsMissingIsMade(t *testing.T) {
	c := config(servertest.MinIO(t))
	c.Bucket += "-new"
	for range 2 {
		b, err := s3.Open(t.Context(), c)
		require.NoError(t, err)
		require.NoError(t, b.Check(t.Context()))
	}
}

func TestAServiceThatRefusesIsNamedWithoutItsSecret(t *testing.T) {
	c := config(servertest.MinIO(t))
	c.SecretKey = "not-the-secret"
	_, err := s3.Open(t.Context(), c)
	require.ErrorContains(t, err, "opening the object store")
	require.NotContains(t, err.Error(), c.SecretKey)
}
