import { deviceTopics, discoveryTopic } from "@weir/messages";

// The rights are the text of Mosquitto's acl_file: blocks with a blank line between them, each with a title
// ("# device kitchen"), a user and topics. Patterns (%c, %u) are not used: a client id is free to choose.

/** Whom a block was made for, by this tool. */
export interface Client {
  kind: "device" | "operator";
  name: string;
  /** What it calls itself at the broker. */
  user: string;
}

/** The first levels of a device's topics. */
const PREFIXES = ["devices", "losant"] as const;
const TITLE = /^# (device|operator) (\S+)$/m;
const USER = /^user (\S+)$/m;

/** What a client may do. Each topic is named: in Mosquitto a denied topic is denied to readers, too. */
export function rightsOf(client: Client): string {
  const { kind, name, user } = client;
  const topics = kind === "device" ? deviceRights(name) : operatorRights();
  return [`# ${kind} ${name}`, `user ${user}`, ...topics].join("\n");
}

function deviceRights(id: string): string[] {
  return [
    ...PREFIXES.flatMap((prefix) => {
      const { state, availability, ack, command } = deviceTopics({ prefix, id });
      const written = [state, availability, ack, `${prefix}/${id}/log/+`];
      return [...written.map((topic) => `topic write ${topic}`), `topic read ${command}`];
    }),
    `topic write answers/${id}/#`,
    `topic write weir/publisher/${id}`,
    `topic read weir/receipt/${id}`,
    `topic write ${discoveryTopic("homeassistant", id)}`,
    "topic read homeassistant/status",
  ];
}

/** An operator sees everything and sends commands. Home Assistant is one, and says when it starts. */
function operatorRights(): string[] {
  return [
    "topic read #",
    "topic read $SYS/#",
    ...PREFIXES.map((prefix) => `topic write ${prefix}/+/command`),
    "topic write homeassistant/status",
  ];
}

export function withBlocks(rights: string, added: readonly string[]): string {
  return `${[...blocksOf(rights), ...added].join("\n\n")}\n`;
}

export function withoutClient(rights: string, { user }: Client): string {
  return `${blocksOf(rights)
    .filter((block) => userOf(block) !== user)
    .join("\n\n")}\n`;
}

/** The blocks of `from` whose users `rights` does not know. */
export function missingBlocks(rights: string, from: string): string[] {
  const known = usersOf(rights);
  return blocksOf(from).filter((block) => {
    const user = userOf(block);
    return user !== null && !known.includes(user);
  });
}

export function usersOf(rights: string): string[] {
  return blocksOf(rights)
    .map(userOf)
    .filter((user) => user !== null);
}

export function clientsOf(rights: string): Client[] {
  return blocksOf(rights).flatMap((block) => {
    const [, kind, name] = TITLE.exec(block) ?? [];
    const user = userOf(block);
    if (name === undefined || user === null) return [];
    return [{ kind: kind === "device" ? "device" : "operator", name, user }];
  });
}

function blocksOf(rights: string): string[] {
  return rights
    .split(/\n\s*\n/)
    .map((block) => block.trim())
    .filter((block) => block !== "");
}

function userOf(block: string): string | null {
  return USER.exec(block)?.[1] ?? null;
}
