import Sqlite from "better-sqlite3";
import type { Counts } from "./verifier.ts";

/** Workflows of each kind, so that none has more runs than are kept. */
export const WORKFLOWS = 12;

/** Where the device speaks that is the nth one to raise an alert. */
export function deviceTopic(n: number): string {
  return `faults/device/${n % WORKFLOWS}/${n}`;
}

/** What arrived outside. */
interface Arrived {
  /** How often each workflow was to do something. */
  stored: number;
  mails: readonly string[];
  calls: readonly { headers: Readonly<Record<string, unknown>>; body: string }[];
}

interface ActionRow {
  id: number;
  flow: string;
  state: string;
  what: string;
  /** Whether its node is in the trace of its run. */
  hasTrace: number;
}

const ACTIONS = `
SELECT actions.id, actions.flow, actions.state, actions.what,
       EXISTS (SELECT 1 FROM parts JOIN runs ON runs.id = parts.run, json_each(parts.json) AS step
               WHERE parts.run = actions.run AND step.value ->> 'node' = actions.node) AS hasTrace
FROM actions`;

/** Compares what has arrived outside with what workflows say that they did. */
export function verifyWorkflows(file: string, { stored, mails, calls }: Arrived) {
  const database = new Sqlite(file, { readonly: true });
  const id = database.prepare("SELECT value FROM about WHERE name = 'id'").pluck().get();
  const actions = database.prepare(ACTIONS).all() as ActionRow[];
  const alerts = database
    .prepare("SELECT key, count(*) AS count FROM alerts GROUP BY key")
    .all() as { key: string; count: number }[];
  const stops = database.prepare("SELECT flow, reason FROM stops").all() as {
    flow: string;
    reason: string;
  }[];
  const integrity = database.pragma("integrity_check", { simple: true });
  database.close();

  const problems: string[] = [];
  const counts: Counts = { created: 4 * stored, stored: 0, lost: 0, duplicate: 0, invented: 0 };
  const isKnown = new Set(actions.map((action) => `${id}-${action.id}`));
  /** How often something arrived, and under how many keys. */
  const arrived = new Map<string, { times: number; keys: Set<string> }>();
  const note = (what: string, key: string): void => {
    const known = arrived.get(what) ?? { times: 0, keys: new Set() };
    arrived.set(what, known);
    known.times += 1;
    known.keys.add(key);
    if (isKnown.has(key)) return;
    counts.invented += 1;
    problems.push(`${what} arrived, and no action has the key ${key}`);
  };
  for (const text of mails) {
    const [, subject = "?"] = /^Subject: (.*)$/m.exec(text) ?? [];
    const [, key = "?"] = /^Message-ID: <(.*)@/im.exec(text) ?? [];
    note(subject.trim(), key);
  }
  for (const { headers, body } of calls) note(body, String(headers["idempotency-key"]));

  const uncertain = actions.filter(({ state }) => state === "uncertain");
  const isUncertain = (what: string): boolean =>
    uncertain.some((action) => action.what.endsWith(`: ${what}`));
  let repeated = 0;
  for (let n = 1; n <= stored; n += 1) {
    for (const what of [`mail ${n}`, `hook ${n}`, `alert ${deviceTopic(n)}`]) {
      const { times, keys } = arrived.get(what) ?? { times: 0, keys: new Set() };
      if (times > 0) counts.stored += 1;
      // Whether such a mail was sent is not known, and that is said.
      else if (!isUncertain(what)) {
        counts.lost += 1;
        problems.push(`${what} did not arrive`);
      }
      const isTwice = keys.size > 1 || (what.startsWith("mail") && times > 1);
      if (isTwice) counts.duplicate += 1;
      else if (times > 1) repeated += 1;
    }
  }
  const isOnce = new Map(alerts.map(({ key, count }) => [key, count]));
  for (let n = 1; n <= stored; n += 1) {
    const count = isOnce.get(deviceTopic(n)) ?? 0;
    if (count === 1) counts.stored += 1;
    else if (count === 0) counts.lost += 1;
    else counts.duplicate += 1;
  }
  for (const action of actions) {
    if (action.hasTrace !== 1) problems.push(`${action.what} is in no trace`);
    if (!["done", "uncertain"].includes(action.state)) {
      problems.push(`${action.what} is ${action.state}`);
    }
  }
  if (actions.length !== 3 * stored) {
    problems.push(`there are ${actions.length} actions instead of ${3 * stored}`);
  }
  for (const { flow, reason } of stops) problems.push(`${flow} was stopped: ${reason}`);
  if (integrity !== "ok") problems.push(`integrity_check: ${integrity}`);
  if (counts.duplicate > 0) problems.push(`${counts.duplicate} happened twice`);
  const notes = [
    `${uncertain.length} mails are uncertain, and said to be; ${repeated} webhooks were repeated under the same key`,
  ];
  return { counts, problems: problems.slice(0, 20), notes };
}
