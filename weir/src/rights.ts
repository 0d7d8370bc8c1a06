import { DEVICE_LOG_LEVELS, deviceTopics, discoveryTopic } from "@weir/protocol";

// Patterns (%c, %u) are not used: %c is what a client calls itself, and %u does not fit access keys.

/** Whom a block was made for, by this tool. */
export interface Client {
  kind: "device" | "operator";
  name: string;
  /** What it calls itself at the broker. */
  user: string;
}

/** The logger's user; also its client id, as it is without users, so that the broker knows its session. */
const LOGGER = "weir-logger";

/** The first levels of a device's topics. */
const PREFIXES = ["devices", "losant"] as const;
const TITLE = /^# (device|operator) (\S+)$/m;
const SERVICE_TITLE = /^# service ([a-z-]+)/m;
const ANNOUNCED = "weir/publisher/";

/** What a client may do. In Mosquitto a denied topic is denied to readers, too, so each topic is named. */
function blockOf({ kind, name, user }: Client, devices: readonly string[]): string {
  const topics =
    kind === "device"
      ? deviceRights(name)
      : [...OPERATOR_RIGHTS, ...devices.flatMap((device) => commandRights(device))];
  return [`# ${kind} ${name}`, `user ${user}`, ...topics].join("\n");
}

/** No topic has a level that the device may choose: what it may retain is these topics, and no more. */
function deviceRights(id: string): string[] {
  return [
    ...PREFIXES.flatMap((prefix) => {
      const { state, availability, ack, command, log } = deviceTopics({ prefix, id });
      const written = [state, availability, ack, ...DEVICE_LOG_LEVELS.map(log)];
      return [...written.map(writeTo), `topic read ${command}`];
    }),
    writeTo(`answers/${id}`),
    writeTo(`${ANNOUNCED}${id}`),
    `topic read weir/receipt/${id}`,
    writeTo(discoveryTopic("homeassistant", id)),
    "topic read homeassistant/status",
  ];
}

/** An operator sees everything and commands each device. Home Assistant is one, and says when it starts. */
const OPERATOR_RIGHTS = ["topic read #", "topic read $SYS/#", "topic write homeassistant/status"];

function commandRights(id: string): string[] {
  return PREFIXES.map((prefix) => writeTo(deviceTopics({ prefix, id }).command));
}

function writeTo(topic: string): string {
  return `topic write ${topic}`;
}

/** What others may do because a device is there: operators command it, the logger confirms what it sends. */
function rightsAbout(id: string, block: string): string[] {
  if (clientOf(block)?.kind === "operator") return commandRights(id);
  return userOf(block) === LOGGER ? [writeTo(`weir/receipt/${id}`)] : [];
}

/** The rights with a block for the client, and with what others may do because of it. */
export function withClient(rights: string, client: Client): string {
  const blocks = blocksOf(rights);
  const added = blockOf(client, devicesOf(rights));
  if (client.kind === "operator") return rightsText([...blocks, added]);
  const others = blocks.map((block) => {
    const lines = linesOf(block);
    const missing = rightsAbout(client.name, block).filter((line) => !lines.includes(line));
    return [...lines, ...missing].join("\n");
  });
  return rightsText([...others, added]);
}

export function withoutClient(rights: string, { kind, name, user }: Client): string {
  const others = blocksOf(rights).filter((block) => userOf(block) !== user);
  if (kind === "operator") return rightsText(others);
  return rightsText(
    others.map((block) => {
      const gone = rightsAbout(name, block);
      return linesOf(block)
        .filter((line) => !gone.includes(line))
        .join("\n");
    }),
  );
}

/**
 * The rights that an earlier Weir has written, without any in which a client chooses a level, and with the
 * logger's user under the name that it has now. What was written by hand stays.
 */
export function renewed(rights: string): string {
  const publishers = publishersOf(rights);
  const devices = devicesOf(rights);
  return rightsText(
    blocksOf(rights).map((block) => {
      const client = clientOf(block);
      const isLogger = serviceOf(block) === "logger";
      const replaced = new Map<string, readonly string[]>();
      for (const prefix of PREFIXES) {
        if (client?.kind === "device") {
          const { log } = deviceTopics({ prefix, id: client.name });
          const lines = DEVICE_LOG_LEVELS.map((level) => writeTo(log(level)));
          replaced.set(writeTo(`${prefix}/${client.name}/log/+`), lines);
          replaced.set(writeTo(`answers/${client.name}/#`), [writeTo(`answers/${client.name}`)]);
        } else if (client?.kind === "operator") {
          const commands = devices.map((id) => writeTo(deviceTopics({ prefix, id }).command));
          replaced.set(writeTo(`${prefix}/+/command`), commands);
        }
      }
      if (isLogger) {
        const receipts = publishers.map((publisher) => writeTo(`weir/receipt/${publisher}`));
        replaced.set("user logger", [`user ${LOGGER}`]);
        replaced.set(writeTo("weir/receipt/+"), receipts);
        replaced.set(writeTo("weir/service/logger/#"), [
          writeTo("weir/service/logger/performance"),
        ]);
        replaced.set(writeTo("weir/audit/+"), []);
        replaced.set(writeTo("replay/#"), []);
      }
      if (serviceOf(block) === "stats") {
        replaced.set(writeTo("STATS/#"), [writeTo("STATS/+/+")]);
        replaced.set(writeTo("weir/service/stats/#"), []);
      }
      return linesOf(block)
        .flatMap((line) => replaced.get(line) ?? [line])
        .join("\n");
    }),
  );
}

/** The rights with each block of `suite` whose user they do not know. */
export function withMissingBlocks(rights: string, suite: string): string {
  const known = usersOf(rights);
  const missing = blocksOf(suite).filter((block) => {
    const user = userOf(block);
    return user !== null && !known.includes(user);
  });
  return missing.length === 0 ? rights : rightsText([...blocksOf(rights), ...missing]);
}

export function usersOf(rights: string): string[] {
  return blocksOf(rights)
    .map(userOf)
    .filter((user) => user !== null);
}

/** The user of each of Weir's own services. */
export function servicesOf(rights: string): { service: string; user: string }[] {
  return blocksOf(rights).flatMap((block) => {
    const [service, user] = [serviceOf(block), userOf(block)];
    return service === null || user === null ? [] : [{ service, user }];
  });
}

export function clientsOf(rights: string): Client[] {
  return blocksOf(rights)
    .map(clientOf)
    .filter((client) => client !== null);
}

/** Who may announce what it has sent, and so gets receipts. */
export function publishersOf(rights: string): string[] {
  const topics = blocksOf(rights).flatMap(writtenTopics);
  const announced = topics.filter((topic) => topic.startsWith(ANNOUNCED));
  return announced.map((topic) => topic.slice(ANNOUNCED.length));
}

function devicesOf(rights: string): string[] {
  return clientsOf(rights)
    .filter(({ kind }) => kind === "device")
    .map(({ name }) => name);
}

function clientOf(block: string): Client | null {
  const [, kind, name] = TITLE.exec(block) ?? [];
  const user = userOf(block);
  if (name === undefined || user === null) return null;
  return { kind: kind === "device" ? "device" : "operator", name, user };
}

function serviceOf(block: string): string | null {
  return SERVICE_TITLE.exec(block)?.[1] ?? null;
}

// The rights are the text of Mosquitto's acl_file: blocks with a blank line between them, each with a title
// ("# device kitchen"), a user and topics.
const USER = /^user (\S+)$/m;
/** A topic without a word before it may be read and written. */
const WRITTEN = /^(?:topic|pattern)[ \t]+(?:(?:write|readwrite)[ \t]+|(?!(?:read|deny)[ \t]))(.+)$/;

function blocksOf(rights: string): string[] {
  return rights
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block !== "");
}

function rightsText(blocks: readonly string[]): string {
  return `${blocks.join("\n\n")}\n`;
}

function linesOf(block: string): string[] {
  return block.split("\n").map((line) => line.trimEnd());
}

function userOf(block: string): string | null {
  return USER.exec(block)?.[1] ?? null;
}

/** The topics that a block's user may publish to, and so have the broker retain. */
function writtenTopics(block: string): string[] {
  return linesOf(block).flatMap((line) => WRITTEN.exec(line)?.[1] ?? []);
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
    const user = userOf(block);
    if (user === null) return [];
    const written = [...new Set(writtenTopics(block))];
    const isFilter = (topic: string): boolean => /[+#]/.test(topic);
    return [
      {
        user,
        topics: written.filter((topic) => !isFilter(topic)),
        unbounded: written.filter(isFilter),
      },
    ];
  });
}
