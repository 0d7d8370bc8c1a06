import { DEVICE_LOG_LEVELS, deviceTopics, discoveryTopic } from "@weir/protocol";

// The rights are the text of Mosquitto's acl_file: blocks with a blank line between them, each with a title
// ("# device kitchen"), a user and topics. Patterns (%c, %u) are not used: %c is what a client calls itself,
// and %u does not fit access keys.

/** Whom a block was made for, by this tool. */
export interface Client {
  kind: "device" | "operator";
  name: string;
  /** What it calls itself at the broker. */
  user: string;
}

interface Block {
  lines: readonly string[];
  user: string | null;
  client: Client | null;
  /** Which of Weir's own services it is for. */
  service: string | null;
}

const TITLE = /^# (device|operator) (\S+)$/m;
const SERVICE_TITLE = /^# service ([a-z-]+)/m;
const USER = /^user (\S+)$/m;

function blocksOf(rights: string): Block[] {
  return rights
    .split(/\n\s*\n/)
    .map((text) => text.trim())
    .filter((text) => text !== "")
    .map((text) => {
      const [, kind, name] = TITLE.exec(text) ?? [];
      const user = USER.exec(text)?.[1] ?? null;
      return {
        lines: text.split("\n").map((line) => line.trimEnd()),
        user,
        client:
          name === undefined || user === null
            ? null
            : { kind: kind === "device" ? "device" : "operator", name, user },
        service: SERVICE_TITLE.exec(text)?.[1] ?? null,
      };
    });
}

function rightsText(blocks: readonly (readonly string[])[]): string {
  return `${blocks.map((lines) => lines.join("\n")).join("\n\n")}\n`;
}

export function usersOf(rights: string): string[] {
  return blocksOf(rights).flatMap(({ user }) => user ?? []);
}

/** The user of each of Weir's own services. */
export function servicesOf(rights: string): { service: string; user: string }[] {
  return blocksOf(rights).flatMap(({ service, user }) =>
    service === null || user === null ? [] : { service, user },
  );
}

export function clientsOf(rights: string): Client[] {
  return blocksOf(rights).flatMap(({ client }) => client ?? []);
}

function devicesOf(rights: string): string[] {
  return clientsOf(rights).flatMap(({ kind, name }) => (kind === "device" ? name : []));
}

const ANNOUNCED = "weir/publisher/";

/** The publishers that may announce what they have sent, and so get receipts. */
export function publishersOf(rights: string): string[] {
  return blocksOf(rights)
    .flatMap(writtenTopics)
    .filter((topic) => topic.startsWith(ANNOUNCED))
    .map((topic) => topic.slice(ANNOUNCED.length));
}

/** The logger's user; also its client id, as it is without users, so that the broker knows its session. */
const LOGGER = "weir-logger";
/** Users of services that command devices for others: for operators, and as workflow files say. */
const COMMANDING: ReadonlySet<string> = new Set(["dashboard", "workflows"]);
/** The first levels of a device's topics. */
const PREFIXES = ["devices", "losant"] as const;

const writeTo = (topic: string): string => `topic write ${topic}`;
const commandTo = (prefix: string, id: string): string =>
  writeTo(deviceTopics({ prefix, id }).command);
const logOf = (prefix: string, id: string): string[] =>
  DEVICE_LOG_LEVELS.map((level) => writeTo(deviceTopics({ prefix, id }).log(level)));

/** No topic has a level that the device may choose: what it may retain is these topics, and no more. */
function deviceRights(id: string): string[] {
  return [
    ...PREFIXES.flatMap((prefix) => {
      const { state, availability, ack, command } = deviceTopics({ prefix, id });
      const written = [state, availability, ack].map(writeTo);
      return [...written, ...logOf(prefix, id), `topic read ${command}`];
    }),
    writeTo(`answers/${id}`),
    writeTo(`${ANNOUNCED}${id}`),
    `topic read weir/receipt/${id}`,
    writeTo(discoveryTopic("homeassistant", id)),
    "topic read homeassistant/status",
  ];
}

const SYSTEM = "topic read $SYS/#";
/** Addresses and client ids of everybody: for the dashboard and workflows, which need a right of their own for that. */
const NO_BROKER_LOG = "topic deny $SYS/broker/log/#";
/** An operator sees all messages and commands each device. Home Assistant is one, and says when it starts. */
const OPERATOR_RIGHTS = ["topic read #", SYSTEM, NO_BROKER_LOG, "topic write homeassistant/status"];

function commandRights(id: string): string[] {
  return PREFIXES.map((prefix) => commandTo(prefix, id));
}

/**
 * What others may do because a device is there: operators, the dashboard and workflows command it, the logger confirms
 * what it sends.
 */
function rightsAbout(id: string, { client, user }: Block): string[] {
  const isCommanding = client?.kind === "operator" || (user !== null && COMMANDING.has(user));
  if (isCommanding) return commandRights(id);
  return user === LOGGER ? [writeTo(`weir/receipt/${id}`)] : [];
}

/** The rights with a block for the client, and with what others may do because of it. */
export function withClient(rights: string, client: Client): string {
  const { kind, name, user } = client;
  // In Mosquitto a denied topic is denied to readers, too, so each topic is named.
  const topics =
    kind === "device"
      ? deviceRights(name)
      : [...OPERATOR_RIGHTS, ...devicesOf(rights).flatMap(commandRights)];
  const others = blocksOf(rights).map((block) => {
    const added = kind === "device" ? rightsAbout(name, block) : [];
    return [...block.lines, ...added.filter((line) => !block.lines.includes(line))];
  });
  return rightsText([...others, [`# ${kind} ${name}`, `user ${user}`, ...topics]]);
}

export function withoutClient(rights: string, { kind, name, user }: Client): string {
  const others = blocksOf(rights).filter((block) => block.user !== user);
  return rightsText(
    others.map((block) => {
      const gone = kind === "device" ? rightsAbout(name, block) : [];
      return block.lines.filter((line) => !gone.includes(line));
    }),
  );
}

/**
 * The rights that an earlier Weir has written, without any in which a client chooses a level, and with the
 * logger's user under the name that it has now. What was written by hand stays.
 */
export function renewed(rights: string): string {
  const receipts = publishersOf(rights).map((publisher) => writeTo(`weir/receipt/${publisher}`));
  const devices = devicesOf(rights);
  return rightsText(
    blocksOf(rights).map(({ lines, client, service }) => {
      const replaced = new Map<string, readonly string[]>();
      for (const prefix of PREFIXES) {
        if (client?.kind === "device") {
          const id = client.name;
          replaced.set(writeTo(`${prefix}/${id}/log/+`), logOf(prefix, id));
          replaced.set(writeTo(`answers/${id}/#`), [writeTo(`answers/${id}`)]);
        } else if (client?.kind === "operator") {
          const commands = devices.map((id) => commandTo(prefix, id));
          replaced.set(writeTo(`${prefix}/+/command`), commands);
          if (!lines.includes(NO_BROKER_LOG)) replaced.set(SYSTEM, [SYSTEM, NO_BROKER_LOG]);
        }
      }
      if (service === "logger") {
        const performance = writeTo("weir/service/logger/performance");
        replaced.set("user logger", [`user ${LOGGER}`]);
        replaced.set(writeTo("weir/receipt/+"), receipts);
        replaced.set(writeTo("weir/service/logger/#"), [performance]);
        replaced.set(writeTo("weir/audit/+"), []);
        replaced.set(writeTo("replay/#"), []);
      }
      if (service === "stats") {
        replaced.set(writeTo("STATS/+/+"), [writeTo("STATS/#")]);
        replaced.set(writeTo("weir/service/stats/#"), []);
      }
      return lines.flatMap((line) => replaced.get(line) ?? [line]);
    }),
  );
}

/** The rights with each block of `suite` whose user they do not know. */
export function withMissingBlocks(rights: string, suite: string): string {
  const known = usersOf(rights);
  const missing = blocksOf(suite).filter(({ user }) => user !== null && !known.includes(user));
  if (missing.length === 0) return rights;
  const devices = devicesOf(rights);
  return rightsText([
    ...blocksOf(rights).map(({ lines }) => lines),
    ...missing.map((block) => [...block.lines, ...devices.flatMap((id) => rightsAbout(id, block))]),
  ]);
}

/** A topic without a word before it may be read and written. */
const WRITTEN = /^(?:topic|pattern)[ \t]+(?:(?:write|readwrite)[ \t]+|(?!(?:read|deny)[ \t]))(.+)$/;

/** The topics that a block's user may publish to, and so have the broker retain. */
function writtenTopics({ lines }: Block): string[] {
  return lines.flatMap((line) => WRITTEN.exec(line)?.[1] ?? []);
}

/** What one user may have the broker retain. */
interface Retainable {
  user: string;
  /** Topics, of which the broker retains one message each. */
  topics: readonly string[];
  /** Filters: the user chooses a level, so there is no bound. */
  unbounded: readonly string[];
}

export function retainableOf(rights: string): Retainable[] {
  return blocksOf(rights).flatMap((block) => {
    if (block.user === null) return [];
    const written = [...new Set(writtenTopics(block))];
    const isFilter = (topic: string): boolean => /[+#]/.test(topic);
    const topics = written.filter((topic) => !isFilter(topic));
    return { user: block.user, topics, unbounded: written.filter(isFilter) };
  });
}
