import { parseArgs } from "node:util";
import { deviceAgentSettings } from "@weir/device-agent/config";
import {
  EXIT_CODES,
  errorMessage,
  Fault,
  loadEnvironment,
  print,
  readSettings,
  runCommand,
} from "@weir/runtime";
import { type Admission, addClient, type Removal, removeClient } from "./clients.ts";
import type { Client } from "./rights.ts";
import {
  FILES,
  filesOf,
  initialise,
  openSecretsFolder,
  type SecretsFolder,
  type Step,
} from "./secure-init.ts";
import { renderStatus, statusOf } from "./secure-status.ts";

const USAGE = `npm run secure -- init --host NAME [--host ADDRESS]...
    makes what is missing: keys, certificates, the users of Weir's services, and "operator"
npm run secure -- device ID [--access-key KEY | --certificate]
    lets a device in: with a password, KEY is its user name where that is not ID; or with a certificate
npm run secure -- operator NAME [--certificate]
    lets somebody in who sees everything and sends commands
npm run secure -- remove NAME
    takes everything from a device or an operator
npm run secure -- status
    says until when certificates hold, and how much each client may have the broker retain;
    fails when something ends within 30 days, or may be retained without a bound

    --folder FOLDER   where all of it is kept (secrets)
`;

/** What the command line asks for. */
type SecureCommand =
  | { kind: "init"; folder: string; hosts: readonly string[] }
  | ({ folder: string } & Admission)
  | { kind: "remove"; folder: string; name: string }
  | { kind: "status"; folder: string };

const OPTIONS = {
  folder: { type: "string" },
  host: { type: "string", multiple: true },
  "access-key": { type: "string" },
  certificate: { type: "boolean" },
  help: { type: "boolean", short: "h" },
} as const;
/** Which options a command has, besides --folder. */
const OPTIONS_OF: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    init: ["host"],
    device: ["access-key", "certificate"],
    operator: ["certificate"],
    remove: [],
    status: [],
  }),
);

/**
 * @returns `null` for one who wants to know how it is used.
 * @throws Fault for what cannot be understood.
 */
function readCommandLine(args: readonly string[]): SecureCommand | null {
  const { values, positionals } = parse(args);
  const [kind, name, ...rest] = positionals;
  if (values.help === true || kind === undefined) return null;
  checkOptions(kind, Object.keys(values));
  const folder = values.folder ?? "secrets";
  if (kind === "init") {
    if (name !== undefined) throw usageFault(`init: ${name} is no option; --host ${name} may be`);
    return { kind, folder, hosts: values.host ?? [] };
  }
  if (kind === "status") {
    if (name !== undefined) throw usageFault(`status: ${name} is too much; it takes no name`);
    return { kind, folder };
  }
  if (name === undefined) throw usageFault(`${kind}: a name is missing`);
  if (rest.length > 0) throw usageFault(`${kind}: ${rest.join(" ")} is too much; one at a time`);
  if (kind === "remove") return { kind, folder, name };
  const accessKey = values["access-key"] ?? null;
  if (accessKey !== null && values.certificate === true) {
    throw usageFault("--access-key: it belongs to a password, and --certificate does without one");
  }
  return {
    kind: kind === "device" ? "device" : "operator",
    folder,
    name,
    accessKey,
    credential: values.certificate === true ? "certificate" : "password",
  };
}

function checkOptions(kind: string, given: readonly string[]): void {
  const allowed = OPTIONS_OF.get(kind);
  if (allowed === undefined) throw usageFault(`there is no command ${JSON.stringify(kind)}`);
  const odd = given.find((option) => option !== "folder" && !allowed.includes(option));
  if (odd !== undefined) throw usageFault(`--${odd}: it means nothing to ${kind}`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
  } catch (cause) {
    throw usageFault(errorMessage(cause));
  }
}

function usageFault(message: string): Fault {
  return new Fault(message, {
    remedy: "See npm run secure -- --help.",
    exitCode: EXIT_CODES.configuration,
  });
}

// `npm run secure`: keys, certificates, users and rights of the secured suite (docs/how-to/secure-the-suite.md).
const RELOAD = `A broker that is running reads it after
  docker compose kill -s HUP mosquitto
`;

/** Does what is asked; returns what there is to say. */
function obey(folder: SecretsFolder, command: Exclude<SecureCommand, { kind: "status" }>): string {
  using _lock = folder.lock();
  switch (command.kind) {
    case "init":
      return renderSteps(
        initialise(folder, { ...command, deviceId: ownDeviceId() }),
        command.hosts,
      );
    case "device":
    case "operator":
      return renderClient(folder, addClient(folder, command), command);
    case "remove":
      return `${command.name} has no user, no rights and no files any more. ${RELOAD}${AFTER[removeClient(folder, command.name)]}`;
  }
}

/** What a reload does not end. */
const AFTER: Readonly<Record<Removal, string>> = {
  password: "",
  certificate: `and then refuses the certificate. A connection that it has open stays without any rights until
  docker compose restart mosquitto
`,
  unknown: `Its certificate is not written down here, so it cannot be called back: it still opens a connection, without
any rights. Where that is too much, renew the authority (docs/how-to/secure-the-suite.md).
`,
};

/** The device agent's setting, where it has one; its container is told the same. */
function ownDeviceId(): string {
  const { DEVICE_ID } = deviceAgentSettings;
  return readSettings({ DEVICE_ID }, loadEnvironment()).DEVICE_ID;
}

function renderSteps(steps: readonly Step[], [host = "NAME"]: readonly string[]): string {
  return `${steps.map(({ path, isNew }) => `${isNew ? "made" : "kept"}  ${path}`).join("\n")}

Keep a copy of the folder where nobody else reads it. Next:
  npm run secure -- device garden       for each device; its broker is mqtts://${host}:8883
  docker compose -f docker-compose.yml -f docker-compose-secured.yml up --build
`;
}

function renderClient(folder: SecretsFolder, client: Client, { credential }: Admission): string {
  const { password, key, certificate } = filesOf(client);
  const identity =
    credential === "password"
      ? [
          ["port", "8883"],
          ["user", client.user],
          ["password in", folder.pathOf(password)],
        ]
      : [
          ["port", "8884"],
          ["certificate", folder.pathOf(certificate)],
          ["key", folder.pathOf(key)],
        ];
  const lines = [
    [client.kind, client.name],
    ...identity,
    ["authority", folder.pathOf(FILES.authority)],
  ];
  return `${lines.map(([what = "", value]) => `${what.padEnd(12)} ${value}\n`).join("")}\n${RELOAD}`;
}

await runCommand("secure", async () => {
  const command = readCommandLine(process.argv.slice(2));
  if (command === null) {
    print(USAGE);
    return EXIT_CODES.ok;
  }
  const folder = openSecretsFolder(command.folder);
  if (command.kind !== "status") {
    print(obey(folder, command));
    return EXIT_CODES.ok;
  }
  const status = statusOf(folder, new Date());
  print(renderStatus(status));
  return status.problems.length === 0 ? EXIT_CODES.ok : EXIT_CODES.fault;
});
