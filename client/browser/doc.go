// Package browser gives the client core what it needs in a browser, through
// syscall/js: a WebSocket, fetch, IndexedDB, and a storage key that WebCrypto
// guards. Its code is built for GOOS=js GOARCH=wasm only.
//
// # At rest
//
// The core seals every value itself. Its storage key stands in IndexedDB wrapped
// by an AES-GCM key of WebCrypto that is not extractable: no script, ours or
// another's, can read that key out, only ask the browser to use it on this
// origin. Whoever copies the database's values without the browser's key store
// has nothing.
package browser
