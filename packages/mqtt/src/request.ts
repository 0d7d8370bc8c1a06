import type { InboundMessage, PublishOptions } from "./message.ts";
import { isTopicName } from "./topic-name.ts";

/** The part of a message's properties that makes it a request [MQTT-4.10]. */
export type Request = Pick<InboundMessage & PublishOptions, "responseTopic" | "correlationData">;

/** What a message that came has of it, with a topic that can be published on. */
export function request(properties: Request = {}): Request {
  const { responseTopic, correlationData } = properties;
  return {
    ...(responseTopic !== undefined && isTopicName(responseTopic) && { responseTopic }),
    ...(correlationData !== undefined && { correlationData }),
  };
}
