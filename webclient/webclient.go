// Package webclient holds the built user interface, so that one binary serves
// it: pages, styles, fonts, the media Worker and the WebAssembly core.
//
// `npm run build` fills dist; a checkout without Node compiles too and has an
// empty interface, which [Built] tells. Beside every compressible file stands
// the same file with the ending .br.
package webclient

import (
	"embed"
	"io/fs"
	"strings"
)

//go:embed all:dist
var dist embed.FS

//go:embed csp.txt
var csp string

// FS is the built interface: index.html, core.wasm, core.json, wasm_exec.js, and
// under assets files whose names carry their content's hash.
func FS() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path
	}
	return sub
}

// Built says whether the binary holds a real build rather than the placeholder.
func Built() bool {
	_, err := fs.Stat(dist, "dist/index.html")
	return err == nil
}

// ContentSecurityPolicy is the value of the header of that name, to be sent
// with every file of [FS]: Workers are held to the policy of their own file.
// Its two hashes are those of the styles that react-aria puts into the page.
func ContentSecurityPolicy() string { return strings.TrimSpace(csp) }
