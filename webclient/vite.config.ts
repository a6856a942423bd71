import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { defineConfig, type Plugin } from "vite";

/** The languages the interface speaks; react-aria ships thirty-four. */
const LOCALES = new Set(["fr-FR", "en-US"]);

/** Leaves react-aria's strings out for every language we do not speak. */
function onlyOurLocales(): Plugin {
  return {
    name: "only-our-locales",
    enforce: "pre",
    load(id) {
      const locale = /react-(?:aria|stately)\/dist\/private\/intl\/.*\/([a-z]{2}-[A-Z]{2})\.m?js$/.exec(id)?.[1];
      return locale !== undefined && !LOCALES.has(locale) ? "export default {};" : null;
    },
  };
}

/** The page's policy lets no text become HTML, not even the empty one with which react-aria clears what it announced. */
function noInnerHTML(): Plugin {
  return {
    name: "no-inner-html",
    transform: (code, id) => (id.includes("react-aria") && code.includes(".innerHTML = ''") ? { code: code.replaceAll(".innerHTML = ''", ".replaceChildren()"), map: null } : null),
  };
}

/**
 * Subresource integrity for what index.html names: entry, its static chunks and
 * style sheets. Lazy chunks are named by the entry, whose hash covers their
 * (content-hashed) names.
 */
function integrity(): Plugin {
  return {
    name: "subresource-integrity",
    apply: "build",
    enforce: "post",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        const page = bundle["index.html"];
        if (page?.type !== "asset") return;
        const html = typeof page.source === "string" ? page.source : new TextDecoder().decode(page.source);
        page.source = html.replaceAll(
          /<(script|link)\b([^>]*?)\s(src|href)="\/(assets\/[^"]+\.(?:js|css))"([^>]*)>/g,
          (_tag, name: string, before: string, attribute: string, file: string, after: string) => {
            const part = bundle[file];
            if (part === undefined) throw new Error(`integrity: ${file} is named by index.html but not built`);
            const content = part.type === "chunk" ? part.code : part.source;
            const hash = createHash("sha384").update(content).digest("base64");
            const rest = `${before}${after}`.replaceAll(/\scrossorigin(="[^"]*")?/g, "");
            return `<${name}${rest} ${attribute}="/${file}" integrity="sha384-${hash}" crossorigin="anonymous">`;
          },
        );
      },
    },
  };
}

/** In development Go's loader is served from the installed toolchain. */
function goLoader(): Plugin {
  return {
    name: "go-loader",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/wasm_exec.js", (_, response) => {
        response.setHeader("content-type", "text/javascript");
        response.end(readFileSync("dist/wasm_exec.js"));
      });
    },
  };
}

export default defineConfig({
  plugins: [onlyOurLocales(), noInnerHTML(), integrity(), goLoader()],
  build: {
    target: "es2022",
    manifest: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
    rolldownOptions: {
      // Libraries mark their client components; there is no server here.
      onLog(level, log, handle) {
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") handle(level, log);
      },
    },
  },
  // Found beforehand: a dependency found late reloads the page under a test.
  optimizeDeps: { entries: ["index.html", "e2e/pages/*.html"] },
  worker: { format: "es" },
  server: {
    port: 5173,
    proxy: { "/api": { target: "http://127.0.0.1:8420", ws: true }, "/core.wasm": "http://127.0.0.1:8420" },
  },
});
