import { describe, expect, test } from "@jest/globals";
import { decodeReading, parseStatedTime } from "@weir/protocol";
import fc from "fast-check";

const RECEIVED_US = Date.UTC(2026, 10, 27, 8, 31) * 1_000;
const SKEW_US = 60_000_000;

/** The time that a reading counts at, and the reason why it is flagged. */
function observed(epochtime: unknown, timeZone?: string) {
  const times = { receivedUs: RECEIVED_US, skewUs: SKEW_US, ...(timeZone && { timeZone }) };
  const payload = Buffer.from(JSON.stringify({ number: 1, epochtime }));
  const { observedUs, outcome } = decodeReading(payload, times);
  return { observedUs, reason: outcome.reason };
}

const fine = (observedUs: number) => ({ observedUs, reason: "" });
const pad = (value: number, digits = 2): string => String(value).padStart(digits, "0");

/** A moment that a clock which was set may show: from 2001 to now, to the microsecond. */
const momentUs = fc.integer({ min: Date.UTC(2001, 0, 1) * 1_000, max: RECEIVED_US });
const offsetMinutes = fc.integer({ min: -14 * 60, max: 14 * 60 });

interface Local {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
  second: string;
  fraction: string;
  /** In the forms `+02`, `+0200` and `+02:00`. */
  offsets: string[];
  weekday: string;
  monthName: string;
}

/** What calendar and clock show at a moment, so many minutes ahead of UTC. */
function localOf(us: number, offset: number): Local {
  const date = new Date(Math.floor(us / 1_000) + offset * 60_000);
  const [weekday = "", , monthName = ""] = date.toUTCString().split(/,? /);
  const sign = offset < 0 ? "-" : "+";
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
  const whole = minutes === 0 ? [`${sign}${pad(hours)}`] : [];
  const zero = offset === 0 ? ["Z", "z", " UTC", "GMT"] : [];
  return {
    year: pad(date.getUTCFullYear(), 4),
    month: pad(date.getUTCMonth() + 1),
    day: pad(date.getUTCDate()),
    hour: pad(date.getUTCHours()),
    minute: pad(date.getUTCMinutes()),
    second: pad(date.getUTCSeconds()),
    fraction: pad(((us % 1e6) + 1e6) % 1e6, 6),
    offsets: [
      ...whole,
      ...zero,
      `${sign}${pad(hours)}${pad(minutes)}`,
      `${sign}${pad(hours)}:${pad(minutes)}`,
    ],
    weekday,
    monthName,
  };
}

const style = fc.record({
  dash: fc.constantFrom("-", ""),
  between: fc.constantFrom("T", "t", " "),
  colon: fc.constantFrom(":", ""),
  point: fc.constantFrom(".", ","),
  further: fc.constantFrom("", "0", "999"),
  zone: fc.nat(),
});
type Style = typeof style extends fc.Arbitrary<infer T> ? T : never;

function isoOf(local: Local, { dash, between, colon, point, further, zone }: Style): string {
  const date = [local.year, local.month, local.day].join(dash);
  const clock = [local.hour, local.minute, local.second].join(colon);
  const offset = local.offsets[zone % local.offsets.length];
  return `${date}${between}${clock}${point}${local.fraction}${further}${offset}`;
}

describe("the time of an observation", () => {
  test("reads back to the microsecond from every form of ISO 8601", () => {
    fc.assert(
      fc.property(momentUs, offsetMinutes, style, (us, offset, written) => {
        expect(observed(isoOf(localOf(us, offset), written))).toEqual(fine(us));
      }),
      { numRuns: 3_000 },
    );
  });

  test("reads back from RFC 2822, with and without a weekday and seconds", () => {
    fc.assert(
      fc.property(momentUs, offsetMinutes, fc.boolean(), fc.boolean(), (moment, offset, day, s) => {
        const us = moment - (moment % (s ? 1e6 : 60e6));
        const local = localOf(us, offset);
        const clock = [local.hour, local.minute, ...(s ? [local.second] : [])].join(":");
        const date = `${Number(local.day)} ${local.monthName} ${local.year}`;
        const zone = local.offsets.at(-2);
        const text = `${day ? `${local.weekday}, ` : ""}${date} ${clock} ${zone} (a comment)`;
        expect(observed(text)).toEqual(fine(us));
      }),
      { numRuns: 1_000 },
    );
  });

  test("reads back from numbers, and from text with them", () => {
    fc.assert(
      fc.property(momentUs, (us) => {
        const second = us - (us % 1e6);
        const millisecond = us - (us % 1e3);
        for (const given of [us, String(us), ` ${us} `, { $date: us }]) {
          expect(observed(given)).toEqual(fine(us));
        }
        expect(observed(millisecond / 1e3)).toEqual(fine(millisecond));
        expect(observed(String(second / 1e6))).toEqual(fine(second));
        expect(observed(-(RECEIVED_US - millisecond) / 1e3)).toEqual(
          millisecond === RECEIVED_US ? observed(0) : fine(millisecond),
        );
      }),
    );
  });

  test("without a zone is in the stream's zone, and flagged", () => {
    const zones = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Pacific/Apia"];
    fc.assert(
      fc.property(momentUs, fc.constantFrom(...zones), (us, timeZone) => {
        const local = Temporal.Instant.fromEpochMilliseconds(Math.floor(us / 1e3))
          .toZonedDateTimeISO(timeZone)
          .toPlainDateTime();
        const text = `${local.toString({ fractionalSecondDigits: 3 })}${pad(us % 1e3, 3)}`;
        const read = observed(text, timeZone);
        expect(read.reason).toBe("time without a zone");
        // The hour that a zone shows twice is the first of both.
        const instants = ["earlier", "later"].map((disambiguation) =>
          local.toZonedDateTime(timeZone, {
            disambiguation: disambiguation as "earlier" | "later",
          }),
        );
        expect(read.observedUs).toBe((instants[0]?.epochMilliseconds ?? 0) * 1e3 + (us % 1e3));
      }),
      { numRuns: 300 },
    );
  });

  test("is none where no calendar has the day", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2001, max: 2026 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 29, max: 31 }),
        (year, month, day) => {
          const date = new Date(Date.UTC(year, month - 1, day));
          fc.pre(date.getUTCDate() !== day);
          for (const text of [
            `${year}-${pad(month)}-${pad(day)}T00:00:00Z`,
            `${year}${pad(month)}${pad(day)}T000000Z`,
          ]) {
            expect(observed(text).reason).toBe("time missing or unreadable");
          }
        },
      ),
    );
  });

  test.each([
    ["nothing", undefined],
    ["null", null],
    ["empty text", ""],
    ["words", "yesterday"],
    ["true", true],
    ["a nested $date", { $date: { $date: 1 } }],
    ["a list", [1_795_207_143]],
    ["month 13", "2026-13-01T00:00:00Z"],
    ["month 0", "2026-00-01T00:00:00Z"],
    ["day 0", "2026-01-00T00:00:00Z"],
    ["hour 25", "2026-01-01T25:00:00Z"],
    ["minute 60", "2026-01-01T10:60:00Z"],
    ["second 61", "2026-01-01T10:00:61Z"],
    ["a leap second at noon", "2026-01-01T12:00:60Z"],
    ["half of the forms", "2026-0101T10:00:00Z"],
    ["an offset of 90 minutes past", "2026-01-01T10:00:00+01:90"],
    ["a very long fraction", `2026-01-01T10:00:00.${"1".repeat(80)}Z`],
    ["an unknown month", "Fri, 27 Foo 2026 08:30:00 +0000"],
  ])("is not read from %s", (_, input) => {
    expect(observed(input)).toEqual({
      observedUs: RECEIVED_US,
      reason: "time missing or unreadable",
    });
  });

  test.each([
    0,
    1,
    12_345,
    "12345",
    845_000_000,
    "1970-01-01T00:00:00Z",
    "2000-01-01",
    "0001-01-01T00:00:00Z",
    "0000-01-01T00:00:00Z",
    -1e300,
    -RECEIVED_US,
    "Sat, 01 Jan 2000 00:00:00 GMT",
    978_307_199,
    "2000-12-31T23:59:59.999999Z",
  ])("of a clock that was never set is flagged: %j", (input) => {
    expect(observed(input)).toEqual({
      observedUs: RECEIVED_US,
      reason: "time before 2001: a clock that was never set",
    });
  });

  test("is believed from 2001 on, and up to the skew", () => {
    expect(observed(978_307_200)).toEqual(fine(Date.UTC(2001, 0, 1) * 1_000));
    expect(observed(RECEIVED_US + SKEW_US)).toEqual(fine(RECEIVED_US + SKEW_US));
    for (const late of [RECEIVED_US + SKEW_US + 1, 1e17, "9999-12-31T00:00:00Z"]) {
      expect(observed(late)).toEqual({ observedUs: RECEIVED_US, reason: "time in the future" });
    }
  });
});

describe("a time that somebody states", () => {
  test.each([
    ["2026-11-27T08:31:00Z", RECEIVED_US],
    ["2026-11-27 09:31+01", RECEIVED_US],
    ["2026-11-27T08:31:00", RECEIVED_US],
    [RECEIVED_US / 1e3, RECEIVED_US],
    [12_345, 12_345_000_000],
  ])("may be %j", (input, expected) => {
    expect(parseStatedTime(input)).toBe(expected);
  });

  test("is in the zone that is given, unless it names one", () => {
    expect(parseStatedTime("2026-11-27 09:31", "Europe/Berlin")).toBe(RECEIVED_US);
    expect(parseStatedTime("2026-11-27 08:31Z", "Europe/Berlin")).toBe(RECEIVED_US);
  });

  test.each([-60_000, "-60000", "1969-12-31T00:00:00Z", "9999-01-01T00:00:00Z", 1e17, Number.NaN])(
    "is not %j",
    (input) => {
      expect(parseStatedTime(input)).toBeNull();
    },
  );
});
