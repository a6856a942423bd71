#!/bin/sh
# Compares crypto/mls with ts-mls and core-crypto at the same work in one run:
#
#	scripts/compare-mls.sh [MEMBERS]…
#
# Ours runs natively and, as WebAssembly, under Node as the others do. core-crypto
# is not among the dependencies of this repository: it is unpacked beside the
# built tools.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
[ $# -gt 0 ] || set -- 2 10 50 200 1000
scripts/prepare.sh go interop

core_crypto=10.3.0
folder=${XDG_CACHE_HOME:-$HOME/.cache}/ensemble/tools/core-crypto@$core_crypto
if [ ! -d "$folder/node_modules/@wireapp/core-crypto" ]; then
	echo "compare-mls: unpacking core-crypto $core_crypto" >&2
	npm install --silent --no-audit --no-fund --prefix "$folder" "@wireapp/core-crypto@$core_crypto" </dev/null >&2
fi

built=$(mktemp -d)
# What has been measured is shown, also when the rest is not waited for.
show() {
	[ ! -s "$built/rows" ] || node $peer/table.mjs <"$built/rows"
	rm -rf "$built"
}
peer=crypto/mls/interop/peer
trap show EXIT
trap 'exit 1' INT TERM
go build -o "$built/native" ./cmd/compare-mls
GOOS=js GOARCH=wasm go build -trimpath -ldflags='-s -w' -o "$built/ours.wasm" ./cmd/compare-mls
wasm() { node --stack-size=8192 "$(go env GOROOT)/lib/wasm/wasm_exec_node.js" "$built/ours.wasm" "$@"; }

say() { echo "compare-mls: $1" >&2; }
{
	say 'ours, native'
	"$built/native" "$@"
	"$built/native" 0xf0a3 "$@"
	say 'ours, WebAssembly under Node'
	wasm "$@"
	wasm 0xf0a3 "$@"
	say 'core-crypto under Node'
	node $peer/compare-core-crypto.mjs "$folder/node_modules/@wireapp/core-crypto" "$@"
	say 'ts-mls under Node'
	node $peer/compare.mjs "$@"
} >"$built/rows"
