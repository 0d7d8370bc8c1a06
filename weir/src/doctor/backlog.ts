import { existsSync } from "node:fs";
import { join } from "node:path";
import { OUTBOX_LIMITS, readBacklog } from "@weir/delivery";
import { readSettings } from "@weir/runtime";
import { allSettings } from "@weir/standalone/settings";
import { type Check, type Finding, look, ok, wrong } from "./check.ts";

/** A message waits for its receipt for a moment only, if everything runs. */
const AGE_MS_WARNED = 60_000;
const FULL_SHARE = 0.8;
const REMEDY =
  "Messages wait until broker and logger are there: see what is wrong with these. None is lost before its limit.";

/** What waits in the outboxes of this machine. */
export const backlog: Check = {
  name: "outboxes",
  look: ({ environment, clock }): Finding[] => {
    const { PUBLISHER_OUTBOX_FILE, DEVICE_FOLDER } = readSettings(allSettings, environment);
    const files = [PUBLISHER_OUTBOX_FILE, join(DEVICE_FOLDER, "outbox.db")].filter((file) =>
      existsSync(file),
    );
    const found = files.map((file) => findingOf(file, clock.now()));
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
