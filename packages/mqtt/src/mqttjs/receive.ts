import { type Duplex, Transform } from "node:stream";
import type { MqttClient } from "mqtt";
import type { Packet } from "mqtt-packet";
import type { ConnectionOptions, ProtocolVersion } from "../connection.ts";
import { byteAt } from "../direct/bytes.ts";
import { createControlParser } from "../direct/control.ts";
import { createPackets } from "../direct/packets.ts";
import { openedBy } from "../grants.ts";
import { refusedBatch } from "../outage.ts";
import { isViolation } from "../violation.ts";
import { createGathering, type Gathering } from "./gather.ts";

const CONNACK = 2;
const NOTHING = Buffer.alloc(0);

/**
 * Takes PUBLISH and PUBREL out of what MQTT.js reads, before it parses them, and hands the messages on.
 * MQTT.js would acknowledge QoS 2 before it is stored, end the connection over a topic or a property
 * that it does not like, and handle one message after the other, where a batch needs many. Call it
 * before the client connects.
 *
 * @param end ends the connection.
 */
export function receive(
  client: MqttClient,
  { receiver, clock, onOpened }: Pick<ConnectionOptions, "receiver" | "clock" | "onOpened">,
  { protocolVersion, end }: { protocolVersion: ProtocolVersion; end: (reason: Error) => void },
): Gathering {
  const gathering = createGathering({
    receiver,
    // Without a Receive Maximum the broker's window is small: it sends nothing while messages wait.
    isAllowed: protocolVersion === 5,
    clock,
    // It exists once CONNECT was sent, and stays the only one.
    socket: () => client.stream,
    refuse: (fault) => {
      end(refusedBatch(fault));
      receiver.onFault(fault);
    },
  });

  const packets = createPackets({
    protocolVersion,
    batch: gathering,
    receiver,
    onControl: (frame) => {
      // MQTT.js comes to it later than the messages behind it come here.
      if (byteAt(frame, 0) >> 4 === CONNACK) noteOpened(parseControl(frame));
      others.push(frame);
    },
  });
  const parseControl = createControlParser(protocolVersion);

  function noteOpened(packet: Packet): void {
    if (packet.cmd !== "connack" || (packet.reasonCode ?? packet.returnCode ?? 0) !== 0) return;
    onOpened?.(openedBy(packet, protocolVersion));
  }

  /** The beginning of a packet. */
  let rest: Buffer = NOTHING;
  let isOpen = true;

  function take(chunk: Buffer): void {
    if (!isOpen) return;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    try {
      rest = bytes.subarray(packets.scan(bytes, bytes.length));
    } catch (error) {
      if (!(error instanceof Error && isViolation(error))) throw error;
      isOpen = false;
      // What came before it is whole.
      gathering.finish();
      end(error);
    }
  }

  const others = new Transform({
    transform: (chunk, _, done) => {
      take(chunk);
      done();
    },
  });
  // Private, but the only place where the stream is known before MQTT.js begins to read it.
  const builder = client as unknown as { streamBuilder: (one: MqttClient) => Duplex };
  const buildStream = builder.streamBuilder;
  builder.streamBuilder = (one) => {
    const stream = buildStream(one);
    const pipe = stream.pipe.bind(stream);
    const pipeOthers: Duplex["pipe"] = (reader) => pipe(others).pipe(reader);
    return Object.assign(stream, { pipe: pipeOthers });
  };

  // Nothing is acknowledged behind a DISCONNECT [MQTT-3.14.4-1].
  client.on("packetsend", ({ cmd }) => {
    if (cmd === "disconnect") gathering.stop();
  });
  client.once("close", gathering.stop);
  return gathering;
}
