import type { IConnackPacket } from "mqtt-packet";
import type { Opened, Publish } from "./connection.ts";
import type { PublishOptions } from "./message.ts";
import { withCode } from "./outage.ts";
import type { Pending } from "./pending.ts";
import { createSendWindow } from "./send-window.ts";

/** A PUBLISH without its packet id. */
interface Publication {
  topic: string;
  payload: string | Buffer;
  qos: 0 | 1;
  retain: boolean;
  properties?: { messageExpiryInterval?: number; responseTopic?: string; correlationData?: Buffer };
}

/** Writes a PUBLISH; `settle` is called with the answer, or for QoS 0 when it is on its way. */
export type Send = (publication: Publication, settle: (error?: Error | null) => void) => void;

/** As many as there are packet ids; MQTT 3.1.1 has no other limit. */
const UNDER_WAY_MAX = 65_535;
const PACKET_TOO_LARGE = 0x95;

/**
 * Publishes within what the broker's CONNACK allows: its window, its largest packet [MQTT-3.2.2-15], its
 * highest QoS [MQTT-3.2.2-11], and unretained where it keeps nothing [MQTT-3.2.2-14].
 */
export function createPublish(options: {
  send: Send;
  opened: Opened;
  connack: Pick<IConnackPacket, "properties">;
  pending: Pending;
}): Publish {
  const { send, opened, connack, pending } = options;
  const { protocolVersion, grants } = opened;
  const { packetBytesMax } = grants;
  const window = createSendWindow(connack.properties?.receiveMaximum ?? UNDER_WAY_MAX);
  return (topic, payload, options) => {
    const qos = grants.qosMax === 0 ? 0 : options.qos;
    const retain = grants.retain && options.retain === true;
    const properties = protocolVersion === 5 ? propertiesOf(options) : {};
    const publication: Publication = {
      topic,
      payload,
      qos,
      retain,
      ...(Object.keys(properties).length > 0 && { properties }),
    };
    return pending.run((settle) => {
      if (packetBytes(publication) > packetBytesMax) {
        settle(withCode(`the broker takes no more than ${packetBytesMax} bytes`, PACKET_TOO_LARGE));
        return;
      }
      if (qos === 0) {
        send(publication, settle);
        return;
      }
      window.enter((leave) =>
        send(publication, (error) => {
          settle(error);
          leave();
        }),
      );
    });
  };
}

/** The fixed header, the lengths of topic and properties, the packet id. */
const FRAME_BYTES = 5 + 2 + 4 + 2;

/** The length of a packet, or a few bytes more. */
function packetBytes({ topic, payload, properties = {} }: Publication): number {
  const { messageExpiryInterval, responseTopic, correlationData } = properties;
  return (
    FRAME_BYTES +
    Buffer.byteLength(topic) +
    Buffer.byteLength(payload) +
    (messageExpiryInterval === undefined ? 0 : 5) +
    (responseTopic === undefined ? 0 : 3 + Buffer.byteLength(responseTopic)) +
    (correlationData === undefined ? 0 : 3 + correlationData.length)
  );
}

function propertiesOf(options: PublishOptions): NonNullable<Publication["properties"]> {
  const { expirySeconds, responseTopic, correlationData } = options;
  return {
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(responseTopic !== undefined && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  };
}
