import type { Socket } from "node:net";
import type { Clock } from "@weir/clock";

/** So many half intervals without a byte, in spite of PINGREQ, and the broker is gone. */
const QUIET_MAX = 3;

/**
 * Keeps a connection alive, and notices when it is not any more. Looks twice in each interval at how
 * much went through the socket, so that a message costs nothing. PINGREQ when nothing was sent
 * [MQTT-3.1.2-22], or nothing received, which may mean that nobody is there any more.
 *
 * @param seconds 0 when the broker asks for none.
 */
export function startKeepalive(options: {
  seconds: number;
  socket: Pick<Socket, "bytesRead" | "bytesWritten">;
  clock: Clock;
  ping: () => void;
  onLost: () => void;
}): Disposable {
  const { seconds, socket, clock, ping, onLost } = options;
  if (seconds === 0) return { [Symbol.dispose]: () => {} };
  let sentBytes = 0;
  let receivedBytes = 0;
  let quiet = 0;

  return clock.repeat((seconds * 1_000) / 2, () => {
    const hasSent = socket.bytesWritten > sentBytes;
    const hasReceived = socket.bytesRead > receivedBytes;
    quiet = hasReceived ? 0 : quiet + 1;
    // More than the half interval behind PINGREQ: what came in while this process was busy is read
    // only after its timers.
    if (quiet >= QUIET_MAX) {
      onLost();
      return;
    }
    if (!hasSent || !hasReceived) ping();
    sentBytes = socket.bytesWritten;
    receivedBytes = socket.bytesRead;
  });
}
