import { existsSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

/** Where Debian, others, macOS and Windows have it. */
const PLACES = [
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];

// What a browser does by itself beside showing the pages: it must not reach out of this machine.
const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

function installed(): string | undefined {
  return [process.env.CHROMIUM, ...PLACES].find((path) => path !== undefined && existsSync(path));
}

/** Whether the pages can be tried in a browser. In CI a missing one is a failure, not a reason to skip. */
export function hasChromium(): boolean {
  return process.env.CI === "true" || installed() !== undefined;
}

/** Starts the Chromium of this machine; CHROMIUM names one that is elsewhere. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = installed();
  if (executablePath === undefined) throw new Error("there is no Chromium; CHROMIUM names one");
  return await chromium.launch({ executablePath, args: ARGUMENTS });
}
