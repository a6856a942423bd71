package main

import (
	"net/http"
	"sync/atomic"
)

// later is a handler that can be replaced while it serves.
type later struct{ current atomic.Pointer[http.Handler] }

func (l *later) set(h http.Handler) { l.current.Store(&h) }

func (l *later) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	(*l.current.Load()).ServeHTTP(w, r)
}
