import { parseArgs } from "node:util";
import { EXIT_CODES, errorMessage, Fault } from "@weir/fault";
import type { Admission } from "./clients.ts";

export const USAGE = `npm run secure -- init --host NAME [--host ADDRESS]...
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
export type SecureCommand =
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
export function readCommandLine(args: readonly string[]): SecureCommand | null {
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
