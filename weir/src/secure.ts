import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { deviceAgentSettings } from "@weir/device-agent/config";
import { type Environment, EXIT_CODES, print, readSettings } from "@weir/runtime";
import type { Command } from "commander";
import { issuedIn, nextUpdateOf, VALID_DAYS } from "./certificates.ts";
import {
  action,
  examples,
  type Given,
  grouped,
  inClone,
  printJson,
  readNumber,
  repeated,
  type Surroundings,
  usageFault,
} from "./command-line.ts";
import { type Client, clientsOf, retainableOf } from "./rights.ts";
import {
  type Admission,
  addClient,
  FILES,
  filesOf,
  initialise,
  type Removal,
  removeClient,
  SecretsFolder,
  type Step,
} from "./secrets.ts";

export function define(command: Command, { environment, clock, out }: Surroundings): void {
  examples(
    command,
    [
      "secure init --host my.host.name",
      "secure device garden",
      "secure operator home-assistant --certificate",
      "secure remove garden",
      "secure status",
    ],
    "docs/how-to/secure-the-suite.md describes the secured suite.",
  );
  const subcommand = (name: string, summary: string): Command =>
    command
      .command(name)
      .description(summary)
      .option("--folder <folder>", "where all of it is kept", "secrets");
  const open = (given: Given): SecretsFolder => {
    inClone("mosquitto/rights.acl");
    return new SecretsFolder(given.text("folder") ?? "");
  };
  /** Keeps other commands out of the folder during a task, and prints the task's result. */
  const change = (given: Given, task: (folder: SecretsFolder) => string): number => {
    const folder = open(given);
    using _lock = folder.lock();
    print(task(folder), { to: out });
    return EXIT_CODES.ok;
  };

  const init = subcommand(
    "init",
    "make what is missing: keys, certificates, the services' users, an operator",
  )
    .option("--host <name>", "a name or address of the broker; may be repeated", repeated)
    .option(
      "--days <n>",
      `how long the broker's certificate holds (default: ${VALID_DAYS}); phones of Apple accept at most 825`,
    );
  examples(init, ["secure init --host my.host.name --host 192.168.1.5"]);
  action(init, (given) => {
    const hosts = given.texts("host");
    const bounds = { min: 1, max: VALID_DAYS, isWhole: true };
    const days = readNumber(given, "days", bounds) ?? VALID_DAYS;
    const deviceId = ownDeviceId(environment);
    return change(given, (folder) =>
      renderSteps(initialise(folder, { hosts, days, deviceId }), hosts),
    );
  });

  const device = subcommand("device", "add a device, with a password or a certificate")
    .argument("<id>")
    .option("--access-key <key>", "the user name, where it is not the id")
    .option("--certificate", "a certificate instead of a password");
  examples(device, ["secure device garden", "secure device porch --certificate"]);
  action(device, (given, name = "") =>
    change(given, (folder) => admit(folder, "device", name, given)),
  );

  const operator = subcommand("operator", "add a user who sees everything and sends commands")
    .argument("<name>")
    .option("--certificate", "a certificate instead of a password");
  examples(operator, ["secure operator home-assistant"]);
  action(operator, (given, name = "") =>
    change(given, (folder) => admit(folder, "operator", name, given)),
  );

  const remove = subcommand(
    "remove",
    "remove a device or an operator: user, rights and files",
  ).argument("<name>");
  examples(remove, ["secure remove garden"]);
  action(remove, (given, name = "") =>
    change(given, (folder) => {
      const after = AFTER[removeClient(folder, name)];
      return `${name} has no user, no rights and no files any more. ${RELOAD}${after}`;
    }),
  );

  const status = subcommand(
    "status",
    "show when certificates end, and how much each client may have the broker retain",
  ).option("--json", "print it as JSON");
  examples(
    status,
    ["secure status"],
    "Exit code 1 when something ends within 30 days, or a client may have an unbounded amount retained.",
  );
  action(status, (given) => {
    const found = statusOf(open(given), new Date(clock.now()));
    if (given.has("json")) printJson(found, { to: out, indent: 2 });
    else print(renderStatus(found), { to: out });
    return found.problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.fault;
  });
}

function admit(folder: SecretsFolder, kind: Client["kind"], name: string, given: Given): string {
  const accessKey = given.text("access-key");
  const credential = given.has("certificate") ? "certificate" : "password";
  if (accessKey !== null && credential === "certificate") {
    throw usageFault(
      "--access-key: it is the user name for a password, and --certificate needs none",
      "Leave one of them out.",
    );
  }
  const client = addClient(folder, { kind, name, accessKey, credential });
  return renderClient(folder, client, credential);
}

const RELOAD = `A broker that is running reads it after
  docker compose kill -s HUP mosquitto
`;

/** What a reload does not end. */
const AFTER: Readonly<Record<Removal, string>> = {
  password: "",
  certificate: `and then refuses the certificate. A connection that it has open stays without any rights until
  docker compose restart mosquitto
`,
  unknown: `Its certificate is not recorded here, so it cannot be revoked: it still opens a connection, without
any rights. Where that is too much, renew the authority (docs/how-to/secure-the-suite.md).
`,
};

/** The device agent's setting; its container gets the same. */
function ownDeviceId(environment: Environment): string {
  const { DEVICE_ID } = deviceAgentSettings;
  return readSettings({ DEVICE_ID }, environment).DEVICE_ID;
}

function renderSteps(steps: readonly Step[], [host = "NAME"]: readonly string[]): string {
  return `${steps.map(({ path, isNew }) => `${isNew ? "made" : "kept"}  ${path}`).join("\n")}

Keep a copy of the folder in a safe place. Next:
  npx weir secure device garden         for each device; its broker is mqtts://${host}:8883
  docker compose -f docker-compose.yml -f docker-compose-secured.yml up --build
`;
}

function renderClient(
  folder: SecretsFolder,
  client: Client,
  credential: Admission["credential"],
): string {
  const { password, key, certificate } = filesOf(client);
  const identity =
    credential === "password"
      ? { port: "8883", user: client.user, "password in": folder.pathOf(password) }
      : { port: "8884", certificate: folder.pathOf(certificate), key: folder.pathOf(key) };
  const authority = folder.pathOf(FILES.authority);
  const lines = Object.entries({ [client.kind]: client.name, ...identity, authority });
  return `${lines.map(([what, value]) => `${what.padEnd(12)} ${value}\n`).join("")}\n${RELOAD}`;
}

const DAY_MS = 86_400_000;
/** Time enough to renew what ends. */
const WARNING_DAYS = 30;

interface Status {
  /** What ends when; the first to end comes first. */
  ends: readonly { what: string; at: Date; daysLeft: number }[];
  /** What the broker may have to keep of each client, in bytes; `null` where there is no bound. */
  retained: readonly { user: string; topics: number; bytesMax: number | null }[];
  /** What has to be done, in sentences. */
  problems: readonly string[];
}

/** @throws Fault when a file is missing. */
export function statusOf(folder: SecretsFolder, now: Date): Status {
  const ends = endsOf(folder).map(({ what, at }) => ({
    what,
    at,
    daysLeft: Math.floor((at.getTime() - now.getTime()) / DAY_MS),
  }));
  const rights = folder.read(FILES.rights);
  const users = new Set(clientsOf(rights).map(({ user }) => user));
  const retainable = retainableOf(rights).filter(({ user }) => users.has(user));
  const bytesMax = packetBytesMax();
  return {
    ends: ends.toSorted((a, b) => a.at.getTime() - b.at.getTime()),
    retained: retainable.map(({ user, topics, unbounded }) => ({
      user,
      topics: topics.length,
      bytesMax: unbounded.length === 0 ? topics.length * bytesMax : null,
    })),
    problems: [
      ...ends
        .filter(({ daysLeft }) => daysLeft < WARNING_DAYS)
        .map(
          ({ what, at, daysLeft }) =>
            `${what} ${daysLeft < 0 ? "ended" : "ends"} on ${dayOf(at)}; renew it, see "to renew" in docs/how-to/secure-the-suite.md`,
        ),
      ...retainable.flatMap(({ user, unbounded }) =>
        unbounded.map(
          (filter) =>
            `${user} may write to ${filter}, a filter, and so have the broker retain as much as it likes; name the topics in ${folder.pathOf(FILES.rights)} (weir secure init replaces what an earlier Weir wrote)`,
        ),
      ),
    ],
  };
}

function endsOf(folder: SecretsFolder): { what: string; at: Date }[] {
  const certificates = [FILES.authority, FILES.server].map((file) => ({
    what: folder.pathOf(file),
    at: new X509Certificate(folder.read(file)).validToDate,
  }));
  const clients = issuedIn(folder.read(FILES.issued))
    .filter(({ isRevoked }) => !isRevoked)
    .map(({ user, expiresAt }) => ({ what: `the certificate of ${user}`, at: expiresAt }));
  // It throws where the file is missing, as the others do.
  folder.read(FILES.revoked);
  const list = folder.pathOf(FILES.revoked);
  return [...certificates, { what: list, at: nextUpdateOf(list) }, ...clients];
}

/** The largest message that the secured broker takes, topic and properties included, in bytes. */
function packetBytesMax(): number {
  return Number(
    /^max_packet_size (\d+)$/m.exec(readFileSync(inClone("mosquitto/secured.conf"), "utf8"))?.[1],
  );
}

export function renderStatus({ ends, retained, problems }: Status): string {
  const sum = retained.reduce((total, { bytesMax }) => total + (bytesMax ?? 0), 0);
  const lines = [
    ...ends.map(({ what, at, daysLeft }) => `${dayOf(at)}  ${what} (${grouped(daysLeft)} days)`),
    "",
    ...retained.map(
      ({ user, topics, bytesMax }) =>
        `${user} may have ${topics} messages retained, ${bytesMax === null ? "and more without a bound" : `${grouped(bytesMax)} bytes at most`}`,
    ),
    `all together ${grouped(sum)} bytes at most`,
    ...(problems.length === 0 ? [] : ["", ...problems]),
  ];
  return `${lines.join("\n")}\n`;
}

function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}
