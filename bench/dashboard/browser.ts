import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Page } from "playwright-core";
import type { Running } from "./running.ts";

/** Opens a page as a browser that has never been there, and is signed in. @param script runs before those of the page. */
export async function openInBrowser(
  browser: Browser,
  { address, cookie }: Running,
  { path, script }: { path: string; script: string },
): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1_280, height: 860 } });
  const cookies = cookie.split("; ").map((one) => {
    const [name = "", value = ""] = one.split("=");
    return { name, value, url: address };
  });
  await context.addCookies(cookies);
  const page = await context.newPage();
  await page.addInitScript({ content: script });
  await page.goto(address + path, { waitUntil: "commit" });
  return page;
}

/** The address of a device's page; topics of the stream `home` name their devices. */
export function devicePath(topic: string): string {
  return `/devices/${encodeURIComponent(`home:${topic}`)}`;
}

/** What is waited for. @throws Error saying so when it does not come in time. */
export async function within<T>(ms: number, what: string, waited: Promise<T>): Promise<T> {
  const over = new AbortController();
  const late = pause(ms, null, { signal: over.signal }).then(() => {
    throw new Error(`${what} within ${ms / 1_000} s`);
  });
  try {
    return await Promise.race([waited, late]);
  } finally {
    over.abort();
  }
}
