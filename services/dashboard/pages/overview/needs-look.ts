import type { Device } from "../../src/contract/devices.ts";
import type { Status } from "../../src/contract/status.ts";
import { deviceAddress } from "../addresses.ts";
import type { RejectionsAnswer, ServicesAnswer, StreamsAnswer } from "../api.ts";
import type { Format } from "../format.ts";

export interface Look {
  id: string;
  tone: "attention" | "problem";
  what: string;
  why: string;
  address: string;
}

export interface Known {
  status: Status | null;
  devices: readonly Device[];
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

/** What needs a look first, the worst first. */
export function needsALook(known: Known, format: Format): Look[] {
  const looks = [
    ...missing(known, format),
    ...services(known),
    ...disk(known, format),
    ...devices(known, format),
    ...rejected(known, format),
  ];
  return looks.sort((a, b) => Number(b.tone === "problem") - Number(a.tone === "problem"));
}

function missing({ status }: Known, format: Format): Look[] {
  const count = status?.missing ?? 0;
  if (count === 0) return [];
  const what = count === 1 ? "1 message is missing" : `${format.count(count)} messages are missing`;
  const why = "They were accepted by an outbox and are not in the store.";
  return [{ id: "missing", tone: "problem", what, why, address: "/system" }];
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
