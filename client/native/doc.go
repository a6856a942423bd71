// Package native gives the client core what it needs outside a browser: a
// websocket, HTTP with cookies, and storage in a file or in memory.
package native
