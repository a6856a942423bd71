# Ensemble. `make demo` shows it, `make test` is what CI runs; see CONTRIBUTING.md.
# Every target installs or builds what it lacks and says so (scripts/prepare.sh).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Where the official test vectors are; see CONTRIBUTING.md.
export ENSEMBLE_VECTORS ?= $(abspath ../shared/vectors)

GO_TEST_FLAGS ?= -race -p 2 -timeout 20m
BENCH ?= .

.PHONY: help demo build test lint test-go test-web test-e2e bench screens vuln generate clean

help: ## Show the targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 12

demo: build ## Run the demonstration network: make demo ARGS='--scenario a'
	@scripts/prepare.sh postgresql
	bin/ensemble demo $(ARGS)

build: ## Build bin/ensemble, one binary with the web client inside
	@scripts/prepare.sh go
	@scripts/build.sh

test: lint test-go test-web test-e2e ## Everything that CI runs
	@echo 'make test: all passed'

lint: ## Linters of Go, of the generated queries and of the web client
	@scripts/prepare.sh go golangci-lint sqlc web
	@# The linter sees the packages as they are built: natively, then for the browser.
	$$(scripts/tool.sh golangci-lint) run ./...
	GOOS=js GOARCH=wasm $$(scripts/tool.sh golangci-lint) run --tests=false ./cmd/ensemble-wasm/... ./client ./client/browser/...
	$$(scripts/tool.sh sqlc) diff -f server/store/sqlc.yaml
	cd webclient && npm run --silent lint
	@echo 'lint: passed'

test-go: ## Go tests, with the race detector, a real PostgreSQL and a real MinIO
	@scripts/prepare.sh go interop postgresql minio
	go test $(GO_TEST_FLAGS) ./...
	@echo 'test-go: passed'

test-web: ## Unit tests of the web client
	@scripts/prepare.sh web
	cd webclient && npm run --silent test
	@echo 'test-web: passed'

test-e2e: build ## The main job in Chromium, several people at once
	@scripts/prepare.sh web postgresql chromium
	cd webclient && npm run --silent e2e
	@echo 'test-e2e: passed'

bench: ## Benchmarks: make bench BENCH=Fanout
	@scripts/prepare.sh go postgresql
	go test -p 1 -timeout 60m -run '^$$' -bench '$(BENCH)' -benchmem ./...
	@[ '$(BENCH)' != . ] || scripts/compare-mls.sh

screens: build ## Rewrite docs/screens from the end-to-end run
	@scripts/prepare.sh web postgresql chromium
	cd webclient && ENSEMBLE_SCREENS='$(abspath docs/screens)' npm run --silent e2e

vuln: ## Known vulnerabilities of what the binaries really call (asks the Go vulnerability database)
	@scripts/prepare.sh go govulncheck
	$$(scripts/tool.sh govulncheck) ./...

generate: ## Generate the queries (sqlc) and the web client's types
	@scripts/prepare.sh go sqlc
	$$(scripts/tool.sh sqlc) generate -f server/store/sqlc.yaml
	go generate ./...

clean: ## Remove what was built; tools and packages stay
	rm -rf bin
	find webclient/dist -mindepth 1 ! -name .keep -delete
