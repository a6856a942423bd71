#!/bin/sh
# Prints the path of a pinned tool, building it first when it is not there yet.
#
#	scripts/tool.sh NAME          build if needed, print the path
#	scripts/tool.sh --path NAME   print where it is or would be; build nothing
#
# Tools are kept outside the checkout, in a folder per version, so that a fresh
# clone does not build them again and two versions never meet:
# ${XDG_CACHE_HOME:-~/.cache}/ensemble/tools/NAME@VERSION/NAME.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
. "$here/versions.sh"

only_path=
if [ "${1:-}" = --path ]; then
	only_path=yes
	shift
fi
name=${1:?usage: tool.sh [--path] NAME}

variable=$(printf %s "$name" | tr - _)
eval "version=\${${variable}_version:-} package=\${${variable}_package:-}"
if [ -z "$version" ]; then
	echo "tool.sh: no tool named $name in scripts/versions.sh" >&2
	exit 2
fi

tools=${XDG_CACHE_HOME:-$HOME/.cache}/ensemble/tools
folder=$tools/$name@$version
if [ -n "$only_path" ] || [ -x "$folder/$name" ]; then
	echo "$folder/$name"
	exit 0
fi

mkdir -p "$tools"
# One builder at a time: whoever waits here finds the tool made.
exec 9>"$tools/.$name.lock"
if command -v flock >/dev/null; then
	flock 9
fi
if [ ! -x "$folder/$name" ]; then
	echo "building $name $version (once; a few minutes for the large ones)" >&2
	made=$(mktemp -d "$tools/.$name.XXXXXX")
	trap 'rm -rf "$made"' EXIT
	# Outside the checkout and without its flags: the tool's own go.mod decides.
	(cd "$made" && GOBIN=$made GOFLAGS='' GOWORK=off nice go install -trimpath -ldflags='-s -w' "$package@$version") >&2
	mkdir -p "$folder"
	mv "$made/$name" "$folder/$name"
fi
echo "$folder/$name"
