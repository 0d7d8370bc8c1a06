import { generate, type IConnectPacket } from "mqtt-packet";
import {
  type ConnectionOptions,
  KEEPALIVE_SECONDS,
  type ProtocolVersion,
  RECEIVE_MAXIMUM,
} from "../connection.ts";
import { credentialsOf } from "../credentials.ts";

/** CONNECT, encoded. */
export function connectPacket(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): Buffer {
  const { clientId, session, will } = options;
  const { username, password } = credentialsOf(options);
  const properties = {
    sessionExpiryInterval: session.kind === "persistent" ? session.expirySeconds : 0,
    receiveMaximum: RECEIVE_MAXIMUM,
  };
  const packet: IConnectPacket = {
    cmd: "connect",
    protocolId: "MQTT",
    protocolVersion,
    clientId,
    clean: session.kind === "clean",
    keepalive: KEEPALIVE_SECONDS,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5 ? { properties } : {}),
  };
  return generate(packet, { protocolVersion });
}
