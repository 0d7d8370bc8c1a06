import { spawnSync } from "node:child_process";
import type { Machine } from "./machine.ts";

/** A question of a panel, as the plugin Infinity stores it in a dashboard. */
export interface InfinityTarget {
  datasource: { uid: string };
  url: string;
  url_options: { params: { key: string; value: string }[] };
  root_selector: string;
  columns: { selector: string; text: string; type: "string" | "number" | "timestamp_epoch" }[];
}

/** A data source of Grafana's provisioning file. */
export interface DataSource {
  uid: string;
  url: string;
  jsonData: Record<string, unknown>;
  secureJsonData?: Record<string, string>;
}

/** What stands for `$NAME` and `${name}`. */
export type Values = Readonly<Record<string, string>>;

export type Row = Record<string, unknown>;

/** Puts values in place of `$NAME` and `${name}`, as Grafana does. */
export function interpolated(text: string, values: Values): string {
  return text.replace(
    /\$\{(\w+)\}|\$(\w+)/g,
    (all, braced, plain) => values[braced ?? plain] ?? all,
  );
}

/**
 * Asks from a machine as the plugin Infinity does, with its token.
 *
 * @returns the rows, with the columns that the target names.
 */
export async function ask(
  machine: Machine,
  { url, jsonData, secureJsonData }: DataSource,
  target: InfinityTarget,
  values: Values = {},
): Promise<Row[]> {
  const address = new URL(url + interpolated(target.url, values));
  for (const { key, value } of target.url_options.params) {
    address.searchParams.append(key, interpolated(value, values));
  }
  const allowed = jsonData.allowedHosts;
  if (!Array.isArray(allowed) || !allowed.some((prefix) => address.href.startsWith(prefix))) {
    throw new Error(`the data source does not allow ${address.href}`);
  }
  const token = `-H "Authorization: Bearer ${secureJsonData?.bearerToken}"`;
  const answer = await machine.run(`curl -sS --fail-with-body ${token} '${address.href}'`);
  return selected(answer, target.root_selector).map((item) =>
    Object.fromEntries(target.columns.map(({ selector, text }) => [text, item[selector]])),
  );
}

/** Applies a selector of jq to an answer: an item for each row. */
function selected(input: string, selector: string): Row[] {
  const { stdout, stderr, status } = spawnSync("jq", ["--compact-output", selector], {
    input,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`jq '${selector}' ended with ${status}: ${stderr}`);
  const results: unknown[] = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [first] = results;
  // A cast: the columns are looked at by their names only.
  return (results.length === 1 && Array.isArray(first) ? first : results) as Row[];
}
