import { generate } from "mqtt-packet";
import type { ProtocolVersion } from "../connection.ts";
import { withCode, wordsFor } from "../outage.ts";
import type { Send } from "../publish.ts";
import type { Answer, Requests } from "./requests.ts";
import type { Wire } from "./wire.ts";

const REFUSED_MIN = 0x80;

/** Writes PUBLISH packets; those of QoS 1 wait for their PUBACK. */
export function createSend(options: {
  requests: Requests;
  wire: Pick<Wire, "write">;
  protocolVersion: ProtocolVersion;
}): Send {
  const { requests, wire, protocolVersion } = options;
  return (publication, settle) => {
    const packet = { ...publication, cmd: "publish", dup: false } as const;
    if (publication.qos === 0) wire.write(generate(packet, { protocolVersion }), settle);
    else requests.send(packet, (answer) => settle(problemOf(answer)));
  };
}

function problemOf(answer: Answer): Error | null {
  if (answer instanceof Error) return answer;
  if (answer.cmd !== "puback") return new Error(`the broker answered with ${answer.cmd}`);
  const { reasonCode = 0 } = answer;
  if (reasonCode < REFUSED_MIN) return null;
  return withCode(`Publish error: ${wordsFor(reasonCode)}`, reasonCode);
}
