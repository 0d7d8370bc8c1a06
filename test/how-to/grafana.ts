import { execFileSync, spawnSync } from "node:child_process";

/** A question of a panel, as the plugin Infinity stores it in a dashboard. */
export interface InfinityTarget {
  datasource: { uid: string };
  type: "json";
  source: "url";
  parser: "jq-backend";
  url: string;
  url_options: { method: "GET"; params: { key: string; value: string }[] };
  root_selector: string;
  columns: readonly {
    selector: string;
    text: string;
    type: "string" | "number" | "timestamp_epoch";
  }[];
}

/** A data source of Grafana's provisioning file. */
export interface DataSource {
  uid: string;
  type: string;
  url: string;
  jsonData: Record<string, unknown>;
  secureJsonData?: Record<string, string>;
}

/** What stands for `$NAME` and `${name}`. */
export type Values = Readonly<Record<string, string>>;

export type Row = Record<string, unknown>;

/** Whether rows can be selected as the plugin does it. In CI a missing jq is a failure, not a reason to skip. */
export function hasJq(): boolean {
  return process.env.CI === "true" || spawnSync("which", ["jq"]).status === 0;
}

/** Puts values in place of `$NAME` and `${name}`, as Grafana does. */
export function interpolated(text: string, values: Values): string {
  return text.replace(
    /\$\{(\w+)\}|\$(\w+)/g,
    (all, braced, plain) => values[braced ?? plain] ?? all,
  );
}

/** Asks as the plugin does, with its token. @returns the rows, with the columns that the target names. */
export async function ask(
  source: DataSource,
  target: InfinityTarget,
  values: Values,
): Promise<Row[]> {
  const address = new URL(source.url + interpolated(target.url, values));
  for (const { key, value } of target.url_options.params) {
    address.searchParams.append(key, interpolated(value, values));
  }
  const allowed = source.jsonData.allowedHosts;
  if (!Array.isArray(allowed) || !allowed.some((prefix) => address.href.startsWith(prefix))) {
    throw new Error(`the data source does not allow ${address.href}`);
  }
  const headers = { authorization: `Bearer ${source.secureJsonData?.bearerToken}` };
  const answer = await fetch(address, { headers });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${address.pathname} answers ${answer.status}: ${text}`);
  return selected(text, interpolated(target.root_selector, values)).map((item) =>
    Object.fromEntries(target.columns.map(({ selector, text: name }) => [name, item[selector]])),
  );
}

/** Applies a selector of jq to an answer: an item for each row. */
function selected(answer: string, selector: string): Row[] {
  const output = execFileSync("jq", ["--compact-output", "--slurp", `.[] | ${selector}`], {
    input: answer,
    encoding: "utf8",
  });
  const results: unknown[] = output
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const [first] = results;
  // A cast: the columns are looked at by their names only.
  return (results.length === 1 && Array.isArray(first) ? first : results) as Row[];
}
