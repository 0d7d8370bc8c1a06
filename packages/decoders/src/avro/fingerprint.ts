const EMPTY = 0xc15d213aa4d7a795n;
const TABLE = Array.from({ length: 256 }, (_, index) => {
  let entry = BigInt(index);
  for (let bit = 0; bit < 8; bit += 1) entry = (entry >> 1n) ^ (EMPTY & -(entry & 1n));
  return BigInt.asUintN(64, entry);
});

/**
 * The fingerprint that stands in front of a single object: CRC-64-AVRO of the schema's canonical form.
 *
 * @returns 16 hexadecimal digits, in the byte order of the wire (little endian).
 */
export function fingerprintOf(canonicalSchema: string): string {
  let fingerprint = EMPTY;
  for (const byte of Buffer.from(canonicalSchema)) {
    const entry = TABLE[Number((fingerprint ^ BigInt(byte)) & 0xffn)] as bigint;
    fingerprint = (fingerprint >> 8n) ^ entry;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(fingerprint);
  return bytes.toString("hex");
}
