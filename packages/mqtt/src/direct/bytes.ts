/** The byte at a place that lies within `bytes`, as the caller has made sure. */
export function byteAt(bytes: Uint8Array, at: number): number {
  // `buffer.readUInt8` would check the bounds a second time, for each byte of each topic.
  return bytes[at] as number;
}

/** The two-byte integer at a place that lies within `bytes` with both, as the caller has made sure [MQTT-1.5.2]. */
export function uint16At(bytes: Uint8Array, at: number): number {
  return (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);
}
