import { createSocket } from "node:dgram";
import type { DeviceCommand } from "@weir/device-agent";
import { z } from "zod";

interface WakeOnLan {
  mac: string;
  address: string;
  port: number;
}

/**
 * A command to copy: it wakes another machine of the same network. Its payload: {"mac":"00:11:22:33:44:55"}.
 *
 * The schema describes every payload that it accepts, so `run` gets nothing else.
 */
export const command: DeviceCommand<WakeOnLan> = {
  name: "wake_on_lan",
  summary: "Wakes another machine of the same network.",
  payload: z.strictObject({
    mac: z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i, "it must be like 00:11:22:33:44:55"),
    address: z.ipv4("it must be an IPv4 address").default("255.255.255.255"),
    port: z.int().min(1).max(65_535).default(9),
  }),
  timeoutMs: 5_000,
  run: async ({ mac, address, port }) => {
    const packet = magicPacket(mac);
    await send(packet, { address, port });
    return { bytes: packet.length };
  },
};

/** Six bytes of ones, and the address sixteen times. */
function magicPacket(mac: string): Buffer {
  const address = Buffer.from(mac.replaceAll(":", ""), "hex");
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}

async function send(packet: Buffer, to: { address: string; port: number }): Promise<void> {
  const socket = createSocket("udp4");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Whatever fails becomes the command's error; the socket is closed in any case.
  socket.once("error", reject);
  socket.bind(() => {
    socket.setBroadcast(true);
    socket.send(packet, to.port, to.address, (error) => (error ? reject(error) : resolve()));
  });
  try {
    await promise;
  } finally {
    socket.close();
  }
}
