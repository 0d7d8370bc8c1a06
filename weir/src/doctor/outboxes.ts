import { existsSync } from "node:fs";
import { join } from "node:path";
import { OUTBOX_LIMITS, readBacklog } from "@weir/delivery";
import { readPlaces } from "../read-places.ts";
import { type Check, type Finding, look, ok, type Scene, wrong } from "./check.ts";

/** A message waits for its receipt for a moment only, if everything runs. */
const AGE_MS_WARNED = 60_000;
const FULL_SHARE = 0.8;
const ANSWER_MS_MAX = 2_000;
const REMEDY =
  "Messages wait until broker and logger are there: see what is wrong with these. None is lost before its limit.";

/** What waits in the outboxes of this machine, and in that of a publisher in another container. */
export const outboxes: Check = {
  name: "outboxes",
  look: async (scene): Promise<Finding[]> => {
    const { environment, clock } = scene;
    const { outboxFile, deviceFolder } = readPlaces(environment);
    const files = [outboxFile, join(deviceFolder, "outbox.db")].filter((file) => existsSync(file));
    const found = files.map((file) => findingOf(file, clock.now()));
    if (!existsSync(outboxFile)) found.push(...(await askPublisher(scene)));
    return found.length === 0 ? [ok("there is none here")] : found;
  },
};

function findingOf(file: string, nowMs: number): Finding {
  const { rows, bytes, oldestMs } = readBacklog(file);
  const ageMs = oldestMs === null ? 0 : nowMs - oldestMs;
  const { rowsMax, bytesMax, ageMaxMs } = OUTBOX_LIMITS;
  const share = Math.max(rows / rowsMax, bytes / bytesMax, ageMs / ageMaxMs);
  const since = oldestMs === null ? "" : `, the oldest since ${new Date(oldestMs).toISOString()}`;
  const found = `${rows} messages wait in ${file}${since}`;
  if (share >= FULL_SHARE) {
    return wrong(`${found}: it is nearly full, or they are nearly too old to be sent`, REMEDY);
  }
  return ageMs > AGE_MS_WARNED ? look(found, REMEDY) : ok(found);
}

const METRIC = /^weir_publisher_outbox_rows (\d+)/m;

/** What the publisher says of its outbox, where it has another disk. */
async function askPublisher({ services, signal }: Scene): Promise<Finding[]> {
  const publisher = (await services()).find(({ name }) => name === "publisher");
  if (publisher?.report == null) return [];
  const late = AbortSignal.timeout(ANSWER_MS_MAX);
  const response = await fetch(new URL("/metrics", publisher.url), {
    signal: AbortSignal.any([signal, late]),
  });
  const [, rows] = METRIC.exec(await response.text()) ?? [];
  if (rows === undefined) return [];
  const found = `${rows} messages wait in the outbox of the publisher`;
  // So many may be sent and not confirmed yet.
  return [Number(rows) > OUTBOX_LIMITS.windowMax ? look(found, REMEDY) : ok(found)];
}
