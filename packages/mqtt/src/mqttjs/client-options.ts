import type { IClientOptions } from "mqtt";
import {
  type ConnectionOptions,
  KEEPALIVE_SECONDS,
  type ProtocolVersion,
  RECEIVE_MAXIMUM,
  type Tls,
} from "../connection.ts";
import { credentialsOf } from "../credentials.ts";

/** A connection as MQTT.js is asked for it. */
export function clientOptions(
  options: ConnectionOptions,
  protocolVersion: ProtocolVersion,
): IClientOptions {
  const { clientId, session, will, timeouts, tls } = options;
  const properties = {
    sessionExpiryInterval: session.kind === "persistent" ? session.expirySeconds : 0,
    receiveMaximum: RECEIVE_MAXIMUM,
  };
  return {
    protocolVersion,
    clientId,
    clean: session.kind === "clean",
    keepalive: KEEPALIVE_SECONDS,
    connectTimeout: timeouts.connectMs,
    // Handlers first, CONNECT after: a resumed session delivers right behind its CONNACK.
    manualConnect: true,
    reconnectPeriod: 0,
    resubscribe: false,
    queueQoSZero: false,
    // By itself MQTT.js would let those of the URL win, and split them at the last colon.
    auth: "",
    ...credentialsOf(options),
    ...(tls && tlsOptions(tls)),
    ...(will === null ? {} : { will: { ...will, payload: Buffer.from(will.payload) } }),
    ...(protocolVersion === 5 ? { properties } : {}),
  };
}

function tlsOptions({ ca, certificate, key }: Tls): Pick<IClientOptions, "ca" | "cert" | "key"> {
  return {
    ...(ca !== null && { ca }),
    ...(certificate !== null && { cert: certificate }),
    ...(key !== null && { key }),
  };
}
