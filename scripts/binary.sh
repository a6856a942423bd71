#!/bin/sh
# Compiles ./cmd/ensemble of the current folder, a checkout, into the file $1, with
# what webclient/dist holds inside. What comes out follows from these sources and
# the toolchain alone: not from the folder's name, the cache or the state of git.
set -eu
CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags='-s -w -buildid=' -o "$1" ./cmd/ensemble
