import { type Duplex, Transform } from "node:stream";
import type { MqttClient } from "mqtt";
import { Violation } from "../packets/errors.ts";
import type { ProtocolVersion } from "../packets/message.ts";
import type { ConnectionOptions } from "./connection.ts";
import { Intake } from "./intake.ts";
import { createPace, createTicks } from "./pace.ts";
import { afterThisTurn } from "./socket-reader.ts";

const NOTHING = Buffer.alloc(0);

/**
 * Takes PUBLISH and PUBREL out of what MQTT.js reads, before it parses them, and hands the messages on.
 * MQTT.js would acknowledge QoS 2 before it is stored, end the connection because of a topic or a
 * property that it does not accept, and handle one message after the other, where a batch needs many.
 * Call it before the client connects.
 *
 * @param end ends the connection.
 */
export function receive(
  client: MqttClient,
  { receiver, clock, onOpened }: Pick<ConnectionOptions, "receiver" | "clock" | "onOpened">,
  { protocolVersion, end }: { protocolVersion: ProtocolVersion; end: (reason: Error) => void },
) {
  const { delayMs } = receiver.batch;
  const pace = createPace({ allowed: protocolVersion === 5, delayMs, clock });
  const ticks = createTicks({ tickMs: delayMs, commits: receiver.commits, clock });
  const intake = new Intake({
    protocolVersion,
    receiver,
    // It exists once CONNECT was sent, and stays the only one.
    socket: () => client.stream,
    onOpened,
    onControl: (frame) => others.push(frame),
    end,
    // MQTT.js reads on by itself, so nothing waits for the network to take PUBACKs.
    onDrained: () => {},
  });
  /** The beginning of a packet. */
  let rest: Buffer = NOTHING;
  let isOpen = true;
  let isHurrying = false;
  let timer: Disposable | null = null;

  function forgetTimer(): void {
    timer?.[Symbol.dispose]();
    timer = null;
  }

  function flush(): void {
    forgetTimer();
    intake.flush();
    const { messages, acknowledged } = intake.takeCounts();
    if (messages > 0) pace.took(acknowledged);
  }

  function stop(): void {
    forgetTimer();
    intake.close();
  }

  function finish(): void {
    flush();
    stop();
  }

  function take(chunk: Buffer): void {
    if (!isOpen) return;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    ticks.came(chunk.length);
    try {
      rest = bytes.subarray(intake.take(bytes, bytes.length));
    } catch (error) {
      if (!(error instanceof Violation)) throw error;
      isOpen = false;
      // The packets before it are valid.
      finish();
      end(error);
      return;
    }
    if (!intake.isPending) return;
    timer ??=
      isHurrying || !pace.gathers()
        ? afterThisTurn(flush)
        : clock.schedule(ticks.untilNextMs(), flush);
  }

  /** What is left for MQTT.js. */
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
    if (cmd === "disconnect") stop();
  });
  client.once("close", stop);

  return {
    /** Hands on what there is, and from now on each message in the turn in which it arrives. */
    hurry: () => {
      isHurrying = true;
      flush();
    },
    /** Hands on what there is, and takes no more. */
    finish,
  };
}
