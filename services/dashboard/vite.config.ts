import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

/** Writes each file compressed beside itself, so that the server need not do it again and again. */
const compress: Plugin = {
  name: "compress",
  writeBundle({ dir = "" }) {
    const folder = join(dir, "assets");
    for (const name of readdirSync(folder)) {
      const content = readFileSync(join(folder, name));
      writeFileSync(join(folder, `${name}.gz`), gzipSync(content, { level: 9 }));
      writeFileSync(join(folder, `${name}.br`), brotliCompressSync(content));
    }
  },
};

/** Nothing is painted before the script has set the chosen theme: no flash of the other one. */
const paintAfterScript: Plugin = {
  name: "paint-after-script",
  transformIndexHtml: {
    order: "post",
    handler: (html) =>
      html.replace('<script type="module"', '<script type="module" blocking="render"'),
  },
};

export default defineConfig({
  root: join(import.meta.dirname, "pages"),
  plugins: [compress, paintAfterScript],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // No data: URLs for scripts, which the content security policy forbids.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { "/api": "http://127.0.0.1:8080" } },
});
