// `npm run bench:dashboard`: what the pages cost the server, and how fast they are in Chromium, beside the targets.
// docs/benchmarks.md says what is measured and how. One part a file; running.ts starts what they measure.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { print } from "@weir/runtime";
import type { Browser } from "playwright-core";
import { hasChromium, launchChromium } from "../../tools/chromium.ts";
import { printResults } from "../output.ts";
import { figuresTable, type Results } from "./figures.ts";
import { measureFirstChart } from "./first-chart.ts";
import { measureFrames } from "./frames.ts";
import { measureIdle } from "./idle.ts";
import { measurePixel } from "./pixel.ts";
import { measureScripts } from "./scripts.ts";
import { measureServer } from "./server.ts";

const PAGES_TOOL = join(import.meta.dirname, "../../tools/pages.mjs");
const IN_BROWSER = ["chart", "pixel", "frames"];
const PARTS = ["scripts", "idle", "server", ...IN_BROWSER];

const USAGE = `npm run bench:dashboard -- [options]
  --only A,B         only these parts: ${PARTS.join(", ")}; browser for the last three
  --seconds N        server: how long it is measured (default 30)
  --pages N          server: open pages (default 50)
  --connections N    server: connections that are tried beside them (default 0)
  --years N          chart: how long the long history is (default 5)
  --minutes N        frames: how long they are measured (default 2)
  --help
`;

/** @throws TypeError in words for a user. */
function parseOptions(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", default: false },
      only: { type: "string", default: PARTS.join(",") },
      seconds: { type: "string", default: "30" },
      pages: { type: "string", default: "50" },
      connections: { type: "string", default: "0" },
      years: { type: "string", default: "5" },
      minutes: { type: "string", default: "2" },
    },
  });
  const number = (name: "seconds" | "pages" | "connections" | "years" | "minutes"): number => {
    const value = Number(values[name]);
    const min = name === "connections" ? 0 : 1;
    if (Number.isInteger(value) && value >= min) return value;
    throw new TypeError(`--${name}: ${values[name]} is not a whole number from ${min} on`);
  };
  const only = values.only.split(",").flatMap((name) => (name === "browser" ? IN_BROWSER : name));
  const unknown = only.filter((name) => !PARTS.includes(name));
  if (unknown.length > 0) throw new TypeError(`--only: there is no ${unknown.join(", ")}`);
  return {
    help: values.help,
    only,
    years: number("years"),
    minutes: number("minutes"),
    server: {
      seconds: number("seconds"),
      pages: number("pages"),
      connections: number("connections"),
    },
  };
}

const say = (text: string): void => print(`${text}\n`, { to: process.stderr });

async function main({ only, years, minutes, server }: ReturnType<typeof parseOptions>) {
  execFileSync(process.execPath, [PAGES_TOOL], { stdio: "inherit" });
  const inBrowser = async (measure: (browser: Browser) => Promise<Results>) => {
    // Each part has a browser of its own.
    const browser = await launchChromium();
    try {
      return await measure(browser);
    } finally {
      await browser.close();
    }
  };
  const parts: Record<string, () => Promise<Results>> = {
    scripts: async () => measureScripts(),
    idle: measureIdle,
    server: () => measureServer(server),
    chart: () => inBrowser((browser) => measureFirstChart(browser, years)),
    pixel: () => inBrowser(measurePixel),
    frames: () => inBrowser((browser) => measureFrames(browser, minutes)),
  };
  const results: string[] = [];
  for (const name of PARTS.filter((one) => only.includes(one))) {
    if (IN_BROWSER.includes(name) && !hasChromium()) {
      say(`*** SKIPPED ${name}: there is no Chromium: apt-get install chromium ***`);
      continue;
    }
    say(`${name} ...`);
    const found = await parts[name]?.();
    if (found === undefined) continue;
    results.push(figuresTable(found), ...(found.notes ?? []));
  }
  printResults("the dashboard", ...results);
}

try {
  const options = parseOptions(process.argv.slice(2));
  if (options.help) print(USAGE);
  else await main(options);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
