import fc from "fast-check";
import { generate, type IPublishPacket, type Packet, type UserProperties } from "mqtt-packet";
import { rawPublish } from "./raw-packets.ts";

/** The same corpus in each run; another seed is another corpus. */
export const FUZZ_SEED = 20_261_121;

const topic = fc
  .array(fc.constantFrom("a", "kitchen", "ä", "€", "$SYS", "..", "", " ", "😀"), {
    minLength: 1,
    maxLength: 4,
  })
  .map((levels) => `/${levels.join("/")}`);

const properties = fc.record(
  {
    payloadFormatIndicator: fc.boolean(),
    messageExpiryInterval: fc.nat(),
    contentType: fc.string({ maxLength: 20 }),
    responseTopic: fc.constant("answers"),
    correlationData: fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
    subscriptionIdentifier: fc.integer({ min: 1, max: 268_435_455 }),
    userProperties: fc.constant<UserProperties>({ one: "1", many: ["2", "3"] }),
  },
  { requiredKeys: [] },
);

/** A message as a broker may send it, of MQTT 5. */
export const validPublish: fc.Arbitrary<IPublishPacket> = fc
  .record({
    topic,
    payload: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    qos: fc.constantFrom(0 as const, 1 as const),
    messageId: fc.integer({ min: 1, max: 65_535 }),
    retain: fc.boolean(),
    properties,
  })
  .map((message) => ({ ...message, cmd: "publish", dup: false }));

const control: fc.Arbitrary<Packet> = fc.constantFrom<Packet>(
  { cmd: "pingresp" },
  { cmd: "puback", messageId: 7, reasonCode: 0 },
  { cmd: "suback", messageId: 7, granted: [1] },
  { cmd: "unsuback", messageId: 7, granted: [0] },
);

const valid = fc.oneof(validPublish, control).map(encoded);

/** What was valid, with some of its bytes changed, taken out or put in. */
const mutated = fc
  .tuple(
    valid,
    fc.array(fc.tuple(fc.constantFrom("set", "cut", "insert"), fc.nat(), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([bytes, changes]) => Buffer.from(changes.reduce(mutate, [...bytes])));

function mutate(bytes: number[], [kind, place, value]: [string, number, number]): number[] {
  const at = bytes.length === 0 ? 0 : place % bytes.length;
  const added = kind === "cut" ? [] : [value];
  return bytes.toSpliced(at, kind === "insert" ? 0 : 1, ...added);
}

const random = fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes));

/** A PUBLISH of the right form with anything in its fields. */
const strange = fc
  .record({
    flags: fc.nat(15),
    topic: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    packetId: fc.nat(65_535),
    properties: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  })
  .map(rawPublish);

/** Parts of a stream of bytes, as no broker would send it. */
export const junk: fc.Arbitrary<Buffer> = fc
  .array(fc.oneof(valid, mutated, mutated, strange, random), { minLength: 1, maxLength: 12 })
  .map((parts) => Buffer.concat(parts));

/** Where to split a stream of bytes, as parts of its length. */
export const splits: fc.Arbitrary<number[]> = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
  maxLength: 10,
});

export function encoded(packet: Packet): Buffer {
  return generate(packet, { protocolVersion: 5 });
}

export function splitAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const cuts = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b);
  return [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index] ?? bytes.length));
}
