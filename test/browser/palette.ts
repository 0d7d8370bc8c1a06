import { crc32, deflateSync, inflateSync } from "node:zlib";

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS_MAX = 256;
/** The square of how far colours of the palette lie apart. */
const DISTANCE_MIN = 64;
/** Chromium writes pictures of 8-bit red, green and blue. */
const CHANNELS = 3;

/**
 * The same picture with 256 of its colours, the frequent ones first, in half the bytes; others become the nearest of these.
 *
 * @param png as Chromium writes it, without transparency.
 */
export function withPalette(png: Buffer): Buffer {
  const chunks = chunksOf(png);
  const header = Buffer.from(chunks.get("IHDR") ?? []);
  if (header.readUInt8(9) !== 2) throw new Error("the picture is not of plain colours");
  const width = header.readUInt32BE(0);
  const rows = rowsOf(inflateSync(chunks.get("IDAT") ?? Buffer.alloc(0)), width * CHANNELS);
  const colourAt = (row: Buffer, x: number): number => row.readUIntBE(x * CHANNELS, CHANNELS);

  const uses = new Map<number, number>();
  for (const row of rows) {
    for (let x = 0; x < width; x += 1) {
      const colour = colourAt(row, x);
      uses.set(colour, (uses.get(colour) ?? 0) + 1);
    }
  }
  const colours = [...uses.keys()].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0));
  const palette = paletteOf(colours);
  const places = new Map(colours.map((colour) => [colour, nearest(palette, colour)]));

  // Each row begins with its filter: none.
  const pixels = rows.map((row) =>
    Buffer.from([0, ...Array.from({ length: width }, (_, x) => places.get(colourAt(row, x)) ?? 0)]),
  );
  // The type of colour: a palette.
  header.writeUInt8(3, 9);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap((colour) => channelsOf(colour)))),
    chunk("IDAT", deflateSync(Buffer.concat(pixels), { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** The first of these that differ: the colour of a state is rare, and must not become another one's. */
function paletteOf(colours: readonly number[]): number[] {
  const palette: number[] = [];
  for (const colour of colours) {
    const like = palette[nearest(palette, colour)];
    if (like === undefined || distance(like, colour) > DISTANCE_MIN) palette.push(colour);
    if (palette.length === COLOURS_MAX) break;
  }
  return palette;
}

function distance(one: number, other: number): number {
  const [a, b] = [channelsOf(one), channelsOf(other)];
  return (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;
}

function channelsOf(colour: number): [number, number, number] {
  return [colour >> 16, (colour >> 8) & 0xff, colour & 0xff];
}

function nearest(palette: readonly number[], colour: number): number {
  let [best, least] = [0, Number.POSITIVE_INFINITY];
  for (const [place, candidate] of palette.entries()) {
    const away = distance(candidate, colour);
    if (away < least) [best, least] = [place, away];
  }
  return best;
}

/** The data by type; that of several chunks of one type is one after the other. */
function chunksOf(png: Buffer): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>();
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    const type = png.toString("latin1", at + 4, at + 8);
    const data = png.subarray(at + 8, at + 8 + length);
    chunks.set(type, Buffer.concat([chunks.get(type) ?? Buffer.alloc(0), data]));
    at += length + 12;
  }
  return chunks;
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** Takes back what PNG does to each row before it is compressed. */
function rowsOf(filtered: Buffer, rowBytes: number): Buffer[] {
  const rows: Buffer[] = [];
  let above: Buffer = Buffer.alloc(rowBytes);
  for (let start = 0; start < filtered.length; start += rowBytes + 1) {
    const filter = filtered.readUInt8(start);
    const row = Buffer.from(filtered.subarray(start + 1, start + 1 + rowBytes));
    for (let at = 0; at < rowBytes; at += 1) {
      const left = at < CHANNELS ? 0 : row.readUInt8(at - CHANNELS);
      const up = above.readUInt8(at);
      const corner = at < CHANNELS ? 0 : above.readUInt8(at - CHANNELS);
      row[at] = row.readUInt8(at) + predicted(filter, left, up, corner);
    }
    rows.push(row);
    above = row;
  }
  return rows;
}

function predicted(filter: number, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
  }
  const [toLeft, toUp, toCorner] = [
    Math.abs(up - corner),
    Math.abs(left - corner),
    Math.abs(left + up - 2 * corner),
  ];
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
