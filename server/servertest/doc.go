// Package servertest gives tests the real services that the server stands on:
// a database of their own on a private PostgreSQL cluster, and a real MinIO.
//
// One cluster and one MinIO serve a whole test binary; they start with the
// first test that asks and end with the process, however it ends: a small
// process of their own waits for that, stops them and removes their folders.
// Each test gets a database copied from a template that the migrations were
// applied to once, and an empty bucket.
//
// Where a service is not installed the test is skipped and says so, except
// under CI (the variable CI is set), where it fails. This package never mocks
// anything.
package servertest
