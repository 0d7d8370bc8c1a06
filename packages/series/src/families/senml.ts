import { decodeCbor } from "../encodings/cbor.ts";
import { type Message, recordOf } from "../reading/message.ts";
import { pathOf } from "../reading/path.ts";
import type { About, Reading } from "../reading/reading.ts";
import { numberOf } from "../reading/values.ts";
import type { Family } from "./family.ts";

const BRACKET = 0x5b;
/** Labels are integers in CBOR. */
const LABELS: ReadonlyMap<string, string> = new Map([
  ["-1", "bver"],
  ["-2", "bn"],
  ["-3", "bt"],
  ["-4", "bu"],
  ["-5", "bv"],
  ["-6", "bs"],
  ["0", "n"],
  ["1", "u"],
  ["2", "v"],
  ["3", "vs"],
  ["4", "vb"],
  ["5", "s"],
  ["6", "t"],
  ["7", "ut"],
  ["8", "vd"],
]);
const NUMBERS = ["bver", "bt", "bv", "bs", "v", "s", "t", "ut"];
const TEXTS = ["bn", "bu", "n", "u", "vs"];
/** RFC 8428, and RFC 9100 with secondary units. */
const VERSIONS: ReadonlySet<unknown> = new Set([undefined, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 26]);
/** Times below are relative to reception. */
const ABSOLUTE_FROM_SECONDS = 2 ** 28;

/** Units of the registry that people write in another way. */
const UNITS: ReadonlyMap<string, string> = new Map([
  ["Cel", "°C"],
  ["%RH", "%"],
  ["%EL", "%"],
  ["EL", "s"],
  ["lat", "°"],
  ["lon", "°"],
  ["deg", "°"],
  ["Ohm", "Ω"],
  ["m2", "m²"],
  ["m3", "m³"],
  ["m3/s", "m³/s"],
  ["m/s2", "m/s²"],
  ["W/m2", "W/m²"],
  ["l", "L"],
  ["l/s", "L/s"],
]);

type Fields = Readonly<Record<string, unknown>>;

/** SenML (RFC 8428) as JSON and as CBOR, on whichever topic. */
export const senMl: Family = {
  name: "senml",
  matches: () => true,
  read: (message, reading) => {
    const pack = packOf(message);
    if (pack === null) return false;
    const problem = problemOf(pack);
    if (problem === null) readPack(message, reading, pack);
    else reading.ignore("", problem);
    return true;
  },
};

/** The records of a pack; `null` for anything else. */
function packOf(message: Message): Fields[] | null {
  const { payload } = message;
  if (payload[0] === BRACKET) return recordsOf(message.json);
  return beginsCborPack(payload) ? recordsOf(withTextLabels(decodeCbor(payload))) : null;
}

/** An array whose first item is a map. */
function beginsCborPack(payload: Buffer): boolean {
  const first = payload[0] ?? 0;
  if (first < 0x81 || first > 0x9f) return false;
  const second = payload[first <= 0x97 || first === 0x9f ? 1 : 2 ** (first - 0x98) + 1] ?? 0;
  return second >= 0xa1 && second <= 0xbf;
}

function withTextLabels(pack: unknown): unknown {
  if (!Array.isArray(pack)) return undefined;
  return pack.map((item) =>
    Object.fromEntries(
      Object.entries(recordOf(item) ?? {}).map(([label, value]) => [
        LABELS.get(label) ?? label,
        value,
      ]),
    ),
  );
}

/** Each record has fields of the right types, one has a name, and one a value. */
function recordsOf(pack: unknown): Fields[] | null {
  if (!Array.isArray(pack)) return null;
  const records: Fields[] = [];
  for (const item of pack as unknown[]) {
    const record = recordOf(item);
    if (record === null || !hasRightTypes(record)) return null;
    records.push(record);
  }
  const has = (labels: readonly string[]) =>
    records.some((record) => labels.some((label) => Object.hasOwn(record, label)));
  return has(["n", "bn"]) && has(["v", "vb", "vs", "vd", "s"]) ? records : null;
}

function hasRightTypes(record: Fields): boolean {
  const isEach = (labels: readonly string[], type: string) =>
    labels.every((label) => record[label] === undefined || typeof record[label] === type);
  return isEach(NUMBERS, "number") && isEach(TEXTS, "string") && isEach(["vb"], "boolean");
}

/** Why the standard forbids to use a pack; `null` for no reason. */
function problemOf(pack: readonly Fields[]): string | null {
  for (const record of pack) {
    if (!VERSIONS.has(record.bver)) return `version ${record.bver} of SenML`;
    const required = Object.keys(record).find((label) => label.endsWith("_"));
    if (required !== undefined) return `needs ${required.slice(0, 32)}`;
  }
  return null;
}

/** What records share: it counts from its record on, until another one replaces it. */
interface Base {
  bn?: string | undefined;
  bt?: number | undefined;
  bu?: string | undefined;
  bv?: number | undefined;
  bs?: number | undefined;
}

/** What a record has for itself. */
interface Own {
  n?: string;
  t?: number;
  u?: string;
  v?: number;
  vb?: boolean;
  vs?: string;
  vd?: unknown;
  s?: number;
}

function readPack(message: Message, reading: Reading, pack: readonly Fields[]): void {
  let base: Base = {};
  for (const record of pack) {
    // The types of all fields were checked.
    const { bn = base.bn, bt = base.bt, bu = base.bu, bv = base.bv, bs = base.bs } = record as Base;
    base = { bn, bt, bu, bv, bs };
    readMeasurement(message, reading, base, record as Own);
  }
}

function readMeasurement(message: Message, reading: Reading, base: Base, own: Own): void {
  const { bn = "", bt = 0, bu, bv, bs } = base;
  const { n = "", t = 0, u = bu, v, vb, vs, vd, s } = own;
  const path = pathOf("", bn + n);
  const isOther = vb !== undefined || vs !== undefined || vd !== undefined;
  const hasValue = v !== undefined || (bv !== undefined && !isOther);
  const hasSum = s !== undefined || bs !== undefined;
  if (!hasValue && !isOther && !hasSum) return;

  takeTime(message, reading, bt + t);
  const device = bn.replace(/[-:./_]+$/, "");
  const about = (unit: string | undefined): About => ({
    ...(unit === undefined || unit === "" ? {} : { unit }),
    ...(device === "" ? {} : { device }),
  });
  const unit = u === undefined ? undefined : (UNITS.get(u) ?? u);
  if (hasValue) reading.addValue(path, (bv ?? 0) + (v ?? 0), about(unit));
  else if (vb !== undefined) reading.addValue(path, vb, about(unit));
  else if (vs !== undefined && numberOf(vs) === null) reading.addValue(path, vs, about(unit));
  else if (isOther) reading.ignore(path, vs === undefined ? "bytes" : "text");
  if (hasSum) reading.addValue(pathOf(path, "s"), (bs ?? 0) + (s ?? 0), about(integralOf(unit)));
}

/** The unit of a sum over time. */
function integralOf(unit: string | undefined): string | undefined {
  if (unit === undefined) return undefined;
  return unit === "W" ? "J" : `${unit}·s`;
}

/** Seconds since the epoch, or since reception. A time ahead is that of a command. */
function takeTime(message: Message, reading: Reading, seconds: number): void {
  if (seconds >= ABSOLUTE_FROM_SECONDS) reading.takeTimeOfPart(message, "t", seconds);
  // The form of docs/reference/decoders.md for times before reception: negative milliseconds.
  else reading.takeTimeOfPart(message, "t", seconds < 0 ? seconds * 1_000 : undefined);
  if (seconds > 0 && seconds < ABSOLUTE_FROM_SECONDS) reading.ignore("t", "time in the future");
}
