import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Results } from "./figures.ts";

const ASSETS = join(import.meta.dirname, "../../services/dashboard/dist/assets");

/** The canvas of workflows has a library of its own, which is loaded when one is opened. */
const CANVAS = /^CanvasPage-/;

/** How large the scripts of the pages are. */
export function measureScripts(): Results {
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith(".js"));
  const sizeOf = (names: readonly string[]): number => {
    const bytes = names.map((name) => gzipSync(readFileSync(join(ASSETS, name)), { level: 9 }));
    return bytes.reduce((total, { length }) => total + length, 0) / 1_000;
  };
  const pages = sizeOf(scripts.filter((name) => !CANVAS.test(name)));
  const canvas = sizeOf(scripts.filter((name) => CANVAS.test(name)));
  return {
    title: "size",
    figures: [
      { text: "scripts of all pages but the canvas, gzip", value: pages, unit: "kB", atMost: 120 },
      { text: "the canvas of workflows, gzip", value: canvas, unit: "kB" },
    ],
  };
}
