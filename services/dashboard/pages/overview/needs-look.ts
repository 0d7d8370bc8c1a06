import type { Alert } from "@weir/flows/contract";
import type { Device } from "../../src/contract/devices.ts";
import type { Status } from "../../src/contract/status.ts";
import { deviceAddress } from "../addresses.ts";
import { alertTone, inOrder } from "../alerts/alert-words.ts";
import type { RejectionsAnswer, ServicesAnswer, StreamsAnswer } from "../api.ts";
import type { Format } from "../format.ts";
import { aboutWords } from "../parts/about-words.ts";

export interface Look {
  id: string;
  tone: "quiet" | "attention" | "problem";
  what: string;
  why: string;
  address: string;
}

export interface Known {
  status: Status | null;
  devices: readonly Device[];
  alerts: readonly Alert[];
  services: ServicesAnswer | null;
  streams: StreamsAnswer | null;
  rejections: RejectionsAnswer | null;
  nowMs: number;
}

/** A disk that is used by so much, or is full within so many days, needs a look. */
const DISK_SHARE = 0.9;
const DISK_MS = 7 * 86_400_000;
/** Refused payloads of this time. */
const REJECTED_MS = 86_400_000;

/** New alerts that are named; the others are counted. */
const ALERTS_MAX = 5;
const TONES = { problem: 0, attention: 1, quiet: 2 } as const;

/** What needs a look first, the worst first. */
export function needsALook(known: Known, format: Format): Look[] {
  const looks = [
    ...missing(known, format),
    ...alerts(known, format),
    ...services(known),
    ...disk(known, format),
    ...backup(known, format),
    ...devices(known, format),
    ...rejected(known, format),
  ];
  return looks.sort((a, b) => TONES[a.tone] - TONES[b.tone]);
}

function missing({ status }: Known, format: Format): Look[] {
  const count = status?.missing ?? 0;
  if (count === 0) return [];
  const what = count === 1 ? "1 message is missing" : `${format.count(count)} messages are missing`;
  const why = "They were accepted by an outbox and are not in the store.";
  return [{ id: "missing", tone: "problem", what, why, address: "/system" }];
}

function alerts({ alerts: open, nowMs }: Known, format: Format): Look[] {
  const fresh = inOrder(open.filter(({ state }) => state === "new"));
  const looks = fresh.slice(0, ALERTS_MAX).map((alert): Look => {
    const { id, title, severity, key, raisedMs } = alert;
    const about = key === "" ? "" : ` on ${aboutWords(key).words}`;
    const why = `${severity}${about}, ${format.age(raisedMs, nowMs)}`;
    // One that is open has the shape of its severity.
    const tone = alertTone(alert) as Look["tone"];
    return { id: `alert ${id}`, tone, what: title, why, address: "/alerts" };
  });
  const others = fresh.length - looks.length;
  if (others <= 0) return looks;
  const what = `${format.count(others)} more new ${others === 1 ? "alert" : "alerts"}`;
  const why = "Nobody has acknowledged them.";
  return [...looks, { id: "alerts", tone: "attention", what, why, address: "/alerts" }];
}

function services({ services: answer }: Known): Look[] {
  return (answer?.services ?? [])
    .filter(({ state }) => state !== "ready")
    .map(({ name, state, reasons }) => ({
      id: `service ${name}`,
      tone: "problem",
      what: state === "away" ? `${name} does not answer` : `${name} is not ready`,
      why: reasons[0] ?? "It gives no reason.",
      address: "/system",
    }));
}

function disk({ streams, nowMs }: Known, format: Format): Look[] {
  const found = streams?.disk;
  if (found == null || found.totalBytes === 0) return [];
  const share = 1 - found.freeBytes / found.totalBytes;
  const isSoon = found.fullMs !== null && found.fullMs - nowMs < DISK_MS;
  if (share < DISK_SHARE && !isSoon) return [];
  const day =
    found.fullMs === null ? "" : ` At this rate it is full on ${format.day(found.fullMs)}.`;
  return [
    {
      id: "disk",
      tone: "attention",
      what: `Disk is ${format.percent(share)} % full`,
      why: `${format.bytes(found.freeBytes)} are free.${day}`,
      address: "/system",
    },
  ];
}

function backup({ streams, nowMs }: Known, format: Format): Look[] {
  const found = streams?.backup;
  if (found?.problem == null) return [];
  const { problem, endedMs } = found;
  const newest =
    endedMs === null ? "There is none yet." : `The newest is of ${format.when(endedMs, nowMs)}.`;
  const why = `${problem}. ${newest}`;
  return [
    { id: "backup", tone: "attention", what: "There is no new backup", why, address: "/system" },
  ];
}

function devices({ devices: all, nowMs }: Known, format: Format): Look[] {
  return all.flatMap(({ id, name, state, sinceMs, heardMs }): Look[] => {
    const address = deviceAddress(id);
    if (state === "offline") {
      const why = `since ${format.when(sinceMs ?? heardMs, nowMs)}`;
      return [{ id: `device ${id}`, tone: "problem", what: `${name} is offline`, why, address }];
    }
    if (state === "silent") {
      const why = `last heard ${format.age(heardMs, nowMs)}`;
      return [{ id: `device ${id}`, tone: "attention", what: `${name} is silent`, why, address }];
    }
    return [];
  });
}

function rejected({ rejections, nowMs }: Known, format: Format): Look[] {
  const rows = (rejections?.rows ?? []).filter(
    ({ atMs, kind }) => kind !== "flagged" && nowMs - atMs < REJECTED_MS,
  );
  const newest = rows[0];
  if (newest === undefined) return [];
  const what =
    rows.length === 1
      ? "1 payload could not be read"
      : `${format.count(rows.length)} payloads could not be read`;
  const why = `The newest is on ${newest.topic}: ${newest.reason}`;
  return [{ id: "rejected", tone: "attention", what, why, address: "/system#rejected" }];
}
