# The tools that the Makefile uses beside Go and Node, each pinned.
# Sourced by scripts/tool.sh: NAME_version and NAME_package, dashes as underscores.

golangci_lint_version=v2.15.0
golangci_lint_package=github.com/golangci/golangci-lint/v2/cmd/golangci-lint

sqlc_version=v1.31.1
sqlc_package=github.com/sqlc-dev/sqlc/cmd/sqlc

# MinIO's community edition is archived and has no tags as a Go module: this is
# its last commit. Only the S3 API of it is used, and only by tests.
minio_version=v0.0.0-20260212201848-7aac2a2c5b7c
minio_package=github.com/minio/minio

govulncheck_version=v1.9.0
govulncheck_package=golang.org/x/vuln/cmd/govulncheck
