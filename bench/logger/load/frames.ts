/** Cuts what a socket brings into MQTT packets. */
export interface Frames {
  push(bytes: Buffer): void;
}

export interface FramesOptions {
  /** PUBACKs, which come by the million, are only counted; this is called once for what a read brought. */
  onAcknowledged: (count: number) => void;
  /** Gets every other packet, whole. */
  onPacket: (packet: Buffer) => void;
}

const PUBACK = 0x40;
const NOTHING = Buffer.alloc(0);

export function createFrames({ onAcknowledged, onPacket }: FramesOptions): Frames {
  let rest: Buffer = NOTHING;
  return {
    push: (read) => {
      const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
      let at = 0;
      let acknowledged = 0;
      for (;;) {
        const end = endOfPacket(bytes, at);
        if (end === null) break;
        if (bytes[at] === PUBACK) acknowledged += 1;
        else onPacket(bytes.subarray(at, end));
        at = end;
      }
      rest = bytes.subarray(at);
      if (acknowledged > 0) onAcknowledged(acknowledged);
    },
  };
}

/** Where the packet that begins at `start` ends; `null` while it is not whole. */
function endOfPacket(bytes: Buffer, start: number): number | null {
  let length = 0;
  for (let place = 0; place < 4; place += 1) {
    const byte = bytes[start + 1 + place];
    if (byte === undefined) return null;
    length += (byte & 127) * 128 ** place;
    if (byte < 128) {
      const end = start + 2 + place + length;
      return end <= bytes.length ? end : null;
    }
  }
  throw new Error("a packet whose length takes more than four bytes [MQTT-1.5.5-1]");
}
