import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Results } from "./figures.ts";

const ASSETS = join(import.meta.dirname, "../../services/dashboard/dist/assets");

/** How large the scripts of the pages are. */
export function measureScripts(): Results {
  const scripts = readdirSync(ASSETS).filter((name) => name.endsWith(".js"));
  const bytes = scripts.map((name) => gzipSync(readFileSync(join(ASSETS, name)), { level: 9 }));
  const sum = bytes.reduce((total, { length }) => total + length, 0);
  const figure = { text: "all scripts, gzip", value: sum / 1_000, unit: "kB", atMost: 120 };
  return { title: "size", figures: [figure] };
}
