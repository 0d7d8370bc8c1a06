import { planConnections, planSubscriptions } from "@weir/logger/plan";
import { type Probe, probeBroker } from "@weir/mqtt";
import {
  brokerAddress,
  brokerConfig,
  brokerSettings,
  type Environment,
  namesBroker,
  readSettings,
  toolEnvironment,
} from "@weir/runtime";
import { isInCompose, readServices } from "@weir/standalone/settings";
import { type Check, type Finding, look, ok, type Scene, wrong } from "./check.ts";
import { isSuiteRunning } from "./services.ts";
import { isBefore } from "./versions.ts";

/** Every broker of the configuration: whether it answers, and what it grants. */
export const broker: Check = {
  name: "broker",
  look: async (scene): Promise<Finding[]> => {
    const { environment, clock, signal } = scene;
    const config = readServices(environment);
    const plans = planConnections(config.streams, config);
    // A user of tools may read a part of the topics only.
    const hasOwnUser = toolEnvironment(environment) !== environment;
    const tools = brokerConfig(readSettings(brokerSettings, toolEnvironment(environment)));
    const byBroker = Map.groupBy(plans, ({ brokerName }) => brokerName);
    const found = [...byBroker].map(async ([name, connections]) => {
      const isDefault = name === "default";
      const [{ broker: configured } = { broker: tools }] = connections;
      const isAskedByTools = isDefault && hasOwnUser;
      const asked = isAskedByTools ? tools : configured;
      const probe = await probeBroker(asked, {
        expirySeconds: config.sessionExpirySeconds,
        subscriptions: isAskedByTools
          ? []
          : planSubscriptions(connections.flatMap(({ streams }) => streams)).subscriptions.map(
              ({ filter, qos }) => ({ filter, qos }),
            ),
        clock,
        signal,
      });
      return await findingsOf(probe, { url: shownUrl(asked.url), isDefault, scene });
    });
    return (await Promise.all(found)).flat();
  },
};

const PAGE = "docs/reference/brokers.md has the settings of each broker.";
/** Mosquitto's own default: where it is, the other limits are probably its defaults, too. */
const IN_FLIGHT_DEFAULT = 20;
const MOSQUITTO_MIN = "2.0";

async function findingsOf(
  probe: Probe,
  { url, isDefault, scene }: { url: string; isDefault: boolean; scene: Scene },
): Promise<Finding[]> {
  if (probe.kind === "away") {
    const found = `no connection to ${url}: ${probe.reason}`;
    const isExpected =
      isDefault && isOwn(scene.environment) && !isSuiteRunning(await scene.services());
    return isExpected
      ? [look(found, "The suite brings this broker, and does not run.")]
      : [wrong(found, probe.remedy)];
  }
  if (probe.kind === "shared session") {
    return [
      wrong(
        `${url} has one session for each user, and this one is the logger's or another client's`,
        "Make a user for commands, and name it in BROKER_TOOLS_USERNAME and BROKER_TOOLS_PASSWORD_FILE: docs/how-to/secure-the-suite.md.",
      ),
    ];
  }
  const { protocolVersion, grants, shortfalls, version } = probe;
  const shown = version ?? "a broker";
  const inFlight = grants.receiveMaximum;
  const words = protocolVersion === 5 ? `MQTT 5, ${inFlight} messages in flight` : "MQTT 3.1.1";
  const findings = [ok(`${shown} at ${url}, ${words}`), ...versionFindings(version)];
  if (protocolVersion !== 5) {
    findings.push(look(`${url} has no MQTT 5: the suite goes on with 3.1.1`, `It works. ${PAGE}`));
  } else if (inFlight <= IN_FLIGHT_DEFAULT) {
    findings.push(
      look(
        `${url} has ${inFlight} messages in flight, the default of Mosquitto: it may also keep only 1,000 messages for a logger that is away, and drop the others`,
        `Set max_inflight_messages and max_queued_messages. ${PAGE}`,
      ),
    );
  }
  return [
    ...findings,
    ...shortfalls.map(({ kind, reason }) => {
      // The last sentence of a reason says what to do.
      const [found = reason, remedy = PAGE] = reason.split(/(?<=\.) (?=[A-Z][^.]*\.$)/);
      // Without a filter something does not arrive; everything else works with restrictions.
      return kind === "filter" ? wrong(found, remedy) : look(found, remedy);
    }),
  ];
}

function versionFindings(version: string | null): Finding[] {
  const mosquitto = /^mosquitto version (\d[\w.-]*)/.exec(version ?? "")?.[1];
  if (mosquitto === undefined || !isBefore(mosquitto, MOSQUITTO_MIN)) return [];
  return [
    look(`Mosquitto ${mosquitto} is older than ${MOSQUITTO_MIN}`, `Install a newer one. ${PAGE}`),
  ];
}

/** Whether the suite brings the broker: npm start's, or that of Compose. */
const isOwn = (environment: Environment): boolean =>
  !namesBroker(environment) || isInCompose(environment);

function shownUrl(url: string): string {
  const { protocol } = new URL(url);
  const { host, port } = brokerAddress(url);
  return `${protocol}//${host.includes(":") ? `[${host}]` : host}:${port}`;
}
