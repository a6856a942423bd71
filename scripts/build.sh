#!/bin/sh
# Builds bin/ensemble: one static binary with the web client, and in it the
# WebAssembly core, inside. What has not changed is not built again.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

# The page is the last thing that its build needs and the first that is served.
page=webclient/dist/index.html
changed() {
	[ -e "$page" ] || return 0
	[ -n "$(find webclient cmd/ensemble-wasm client rooms crypto go.mod go.sum \
		\( -path webclient/node_modules -o -path webclient/dist -o -path webclient/src/paraglide -o -path webclient/e2e -o -name '*_test.go' -o -name testdata \) -prune \
		-o -newer "$page" -type f -print 2>/dev/null | head -n 1)" ]
}
if [ -e webclient/package.json ] && changed; then
	scripts/prepare.sh web
	echo "build: the web client and its core" >&2
	(cd webclient && npm run --silent build </dev/null)
	: >webclient/dist/.keep # which the build sweeps away; git and go:embed count on it
	touch "$page"
fi

echo "build: bin/ensemble" >&2
scripts/binary.sh bin/ensemble
