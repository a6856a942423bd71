#!/bin/sh
# Makes sure that what a target needs is on this machine, installing what is
# missing and saying so. What is there already is left alone, in silence.
#
#	scripts/prepare.sh [go] [node] [web] [interop] [postgresql] [chromium] [NAME of scripts/versions.sh]…
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")

say() { echo "prepare: $*" >&2; }
fail() {
	say "$*"
	exit 1
}

# debian PACKAGE…: by apt, when this is root on Debian or Ubuntu.
debian() {
	if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
		fail "please install: $* (for example: sudo apt-get install $*)"
	fi
	say "installing $* with apt-get"
	export DEBIAN_FRONTEND=noninteractive
	apt-get -q update >&2
	apt-get -q install --yes --no-install-recommends "$@" >&2 </dev/null
}

has_postgresql() {
	command -v postgres >/dev/null && command -v initdb >/dev/null && return
	for binary in /usr/lib/postgresql/*/bin/postgres /usr/pgsql-*/bin/postgres /usr/libexec/postgresql*/postgres; do
		[ -x "$binary" ] && return
	done
	return 1
}

has_chromium() {
	[ -n "${ENSEMBLE_CHROMIUM:-}" ] && [ -x "$ENSEMBLE_CHROMIUM" ] && return
	command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null
}

# packages FOLDER WHAT: what the folder's package-lock.json names, from the registry.
packages() {
	installed=$root/$1/node_modules/.package-lock.json
	if [ ! -e "$installed" ] || [ "$root/$1/package-lock.json" -nt "$installed" ]; then
		say "installing $2 with npm ci"
		(cd "$root/$1" && npm ci --no-audit --no-fund </dev/null >&2)
		touch "$installed"
	fi
}

# at_least HAVE WANT: compares the first number of a version.
at_least() { [ "${1%%.*}" -ge "$2" ] 2>/dev/null; }

for need in "$@"; do
	case $need in
	go)
		command -v go >/dev/null || fail "Go is needed; go.mod says which version (https://go.dev/dl)"
		;;
	node)
		command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js 20 or later with npm is needed (https://nodejs.org)"
		version=$(node --version)
		at_least "${version#v}" 20 || fail "Node.js 20 or later is needed; this is $version"
		;;
	web)
		"$0" node
		packages webclient "the web client's packages"
		;;
	interop)
		"$0" node
		packages crypto/mls/interop/peer "a second implementation of MLS, for the tests"
		;;
	postgresql)
		has_postgresql || debian postgresql
		;;
	chromium)
		has_chromium || debian chromium
		;;
	*)
		"$here/tool.sh" "$need" >/dev/null
		;;
	esac
done
