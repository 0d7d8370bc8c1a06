import type { FlowNode } from "./model.ts";

type Config = FlowNode["config"];

const LENGTH_MAX = 90;

const WORDS: Readonly<Record<string, (config: Config) => string>> = {
  threshold: ({ series, for: lasting, ...limits }) =>
    joined(said(series) || "the value", limitWords(limits), lastingWords(lasting)),
  rate: ({ of, per, ...limits }) =>
    joined(said(of) || "value", limitWords(limits), `per ${said(per) || "1h"}`),
  inactive: ({ topic, for: lasting }) => joined(said(topic), "silent", lastingWords(lasting)),
  device: ({ devices }) => said(devices) || "any device",
  timer: ({ every, cron, timeZone }) =>
    every === undefined ? joined(said(cron), said(timeZone)) : `every ${said(every)}`,
  schedule: ({ allow, days, timeZone }) =>
    joined(hoursWords(said(allow)), said(days), said(timeZone)),
  system: ({ about, for: lasting, ...limits }) =>
    joined(said(about), limitWords(limits), lastingWords(lasting)),
  change: ({ of, atLeast }) =>
    joined(said(of) || "value", atLeast === undefined ? "" : `by at least ${said(atLeast)}`),
  throttle: ({ atMost, per }) => joined(said(atMost) || "1", "per", said(per)),
  debounce: waitWords,
  delay: waitWords,
  switch: ({ of, cases }) => joined(said(of), namesIn(cases)),
  history: ({ aggregate, series, over }) =>
    `${said(aggregate) || "mean"} of ${joined(said(series), "over", said(over))}`,
  statistics: ({ series, minutes }) => `${joined(said(series), "over", said(minutes))} min`,
  store: ({ name }) => said(name),
  stored: ({ name }) => said(name),
  table: ({ table, column, equals }) =>
    joined(said(table), "where", said(column), "is", said(equals)),
  template: ({ texts }) => namesIn(texts),
  alert: ({ title, severity }) => `${said(severity) || "warning"}: ${said(title)}`,
  email: ({ to }) => `to ${said(to)}`,
  webhook: ({ method, url }) => joined(said(method) || "POST", said(url)),
  ntfy: ({ topic }) => `to ${said(topic)}`,
  publish: ({ topic }) => `to ${said(topic)}`,
  command: ({ name, device }) => joined(said(name), "for", said(device) || "the device"),
  press: ({ flow, button }) => [said(flow), said(button)].filter(isGiven).join("."),
};

/** What a node is set to, in one line: `zigbee2mqtt/freezer#temperature above −15 for 10m`; empty where nothing is. */
export function settingWords({ type, config }: Pick<FlowNode, "type" | "config">): string {
  if (Object.keys(config).length === 0) return "";
  const words = (Object.hasOwn(WORDS, type) ? WORDS[type]?.(config) : undefined) ?? plain(config);
  const line = words.replace(/\s+/g, " ").trim();
  return line.length > LENGTH_MAX ? `${line.slice(0, LENGTH_MAX - 1)}…` : line;
}

/** Of a type without words of its own: a single value alone, several with their keys. */
function plain(config: Config): string {
  const entries = Object.entries(config).filter(([, value]) => isGiven(said(value)));
  const [only] = entries;
  if (entries.length === 1 && only !== undefined) return said(only[1]);
  return entries.map(([key, value]) => `${key} ${said(value)}`).join(" · ");
}

function limitWords({ above, below }: Config): string {
  if (above !== undefined) return `above ${said(above)}`;
  return below === undefined ? "" : `below ${said(below)}`;
}

function lastingWords(given: unknown): string {
  const words = said(given);
  return words === "" || words === "0s" ? "" : `for ${words}`;
}

function waitWords({ for: given }: Config): string {
  return lastingWords(given);
}

function hoursWords(hours: string): string {
  return hours.replaceAll("-", "–");
}

function namesIn(given: unknown): string {
  return typeof given === "object" && given !== null ? Object.keys(given).join(", ") : "";
}

/** A value as people write it; empty for one that has no short form. */
function said(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value).replace("-", "−");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return Array.isArray(value) ? value.map(said).filter(isGiven).join(", ") : "";
}

function joined(...parts: readonly string[]): string {
  return parts.filter(isGiven).join(" ");
}

function isGiven(text: string): boolean {
  return text !== "";
}
