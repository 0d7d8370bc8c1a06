/** Longer advertisements are none of Ruuvi's, in bytes: Bluetooth 5 carries 255. */
const LENGTH_MAX = 255;
const MANUFACTURER_DATA = 0xff;
const HEX = /^(?:[0-9A-F]{2})+$/i;

/** What a tag measured, by the names that the gateway gives when it decodes; `null` for no value. */
type Measured = Record<string, number | boolean | null>;

const FORMATS: ReadonlyMap<number, { length: number; decode: (bytes: Buffer) => Measured }> =
  new Map([
    [0x05, { length: 18, decode: decodeFormat5 }],
    [0x06, { length: 17, decode: decodeFormat6 }],
    [0xe1, { length: 29, decode: decodeFormatE1 }],
  ]);

/** Decodes an advertisement in hexadecimal digits; `null` where it is none of the formats 5, 6 and E1. */
export function decodeRuuvi(advertisement: string): Measured | null {
  if (advertisement.length > 2 * LENGTH_MAX || !HEX.test(advertisement)) return null;
  const bytes = manufacturerData(Buffer.from(advertisement, "hex"));
  const format = FORMATS.get(bytes?.[0] ?? 0);
  return bytes === null || format === undefined || bytes.length < format.length
    ? null
    : format.decode(bytes);
}

/** An advertisement is a row of fields: length, type, content. Ruuvi's content begins with its id, 0x0499. */
function manufacturerData(bytes: Buffer): Buffer | null {
  let at = 0;
  while (at + 4 < bytes.length) {
    const length = bytes.readUInt8(at);
    const isRuuvi = bytes[at + 1] === MANUFACTURER_DATA && bytes.readUInt16LE(at + 2) === 0x0499;
    if (isRuuvi) return bytes.subarray(at + 4, at + 1 + length);
    at += 1 + length;
  }
  return null;
}

/** The climate, at the same place in every format. */
function decodeClimate(bytes: Buffer): Measured {
  const temperature = bytes.readInt16BE(1);
  const humidity = bytes.readUInt16BE(3);
  const pressure = bytes.readUInt16BE(5);
  return {
    temperature: temperature === -0x8000 ? null : temperature / 200,
    humidity: humidity === 0xffff ? null : humidity / 400,
    pressure: pressure === 0xffff ? null : pressure + 50_000,
  };
}

function decodeFormat5(bytes: Buffer): Measured {
  const acceleration = (at: number): number | null => {
    const value = bytes.readInt16BE(at);
    return value === -0x8000 ? null : value / 1_000;
  };
  const power = bytes.readUInt16BE(13);
  return {
    ...decodeClimate(bytes),
    accelX: acceleration(7),
    accelY: acceleration(9),
    accelZ: acceleration(11),
    // 11 bits of millivolts above 1.6 V, then 5 bits of 2 dBm above -40 dBm.
    voltage: power >> 5 === 0x7ff ? null : ((power >> 5) + 1_600) / 1_000,
    txPower: (power & 0x1f) === 0x1f ? null : (power & 0x1f) * 2 - 40,
    movementCounter: unless(0xff, bytes.readUInt8(15)),
    measurementSequenceNumber: unless(0xffff, bytes.readUInt16BE(16)),
  };
}

function decodeFormat6(bytes: Buffer): Measured {
  const flags = bytes.readUInt8(16);
  const light = bytes.readUInt8(13);
  return {
    ...decodeClimate(bytes),
    "PM2.5": dust(bytes, 7),
    CO2: unless(0xffff, bytes.readUInt16BE(9)),
    ...decodeIndexes(bytes.readUInt8(11), bytes.readUInt8(12), flags),
    // The logarithm of the light; hundredths are what the format carries.
    luminosity: light === 0xff ? null : Math.round(100 * (65_536 ** (light / 254) - 1)) / 100,
    measurementSequenceNumber: bytes.readUInt8(15),
    flag_calibration_in_progress: (flags & 1) === 1,
  };
}

function decodeFormatE1(bytes: Buffer): Measured {
  const flags = bytes.readUInt8(28);
  const light = bytes.readUIntBE(19, 3);
  return {
    ...decodeClimate(bytes),
    "PM1.0": dust(bytes, 7),
    "PM2.5": dust(bytes, 9),
    "PM4.0": dust(bytes, 11),
    "PM10.0": dust(bytes, 13),
    CO2: unless(0xffff, bytes.readUInt16BE(15)),
    ...decodeIndexes(bytes.readUInt8(17), bytes.readUInt8(18), flags),
    luminosity: light === 0xffffff ? null : light / 100,
    measurementSequenceNumber: unless(0xffffff, bytes.readUIntBE(25, 3)),
    flag_calibration_in_progress: (flags & 1) === 1,
  };
}

function dust(bytes: Buffer, at: number): number | null {
  const value = bytes.readUInt16BE(at);
  return value === 0xffff ? null : value / 10;
}

/** Indexes have nine bits; their lowest ones are in the flags. */
function decodeIndexes(voc: number, nox: number, flags: number): Measured {
  return {
    VOC: unless(0x1ff, (voc << 1) | ((flags >> 6) & 1)),
    NOx: unless(0x1ff, (nox << 1) | ((flags >> 7) & 1)),
  };
}

function unless(noValue: number, value: number): number | null {
  return value === noValue ? null : value;
}
