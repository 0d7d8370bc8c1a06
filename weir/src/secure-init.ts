import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import { EXIT_CODES, errorCode, Fault, fsyncFolderOf, lockFile } from "@weir/runtime";
import {
  certifyAuthority,
  certifyRevocations,
  certifyServer,
  generateKey,
  hasPassword,
  issuedIn,
  randomPassword,
  type Signed,
  withCertificate,
  withoutPassword,
  withPassword,
} from "./certificates.ts";
import { inClone } from "./command-line.ts";
import {
  type Client,
  clientsOf,
  renewed,
  servicesOf,
  usersOf,
  withClient,
  withMissingBlocks,
} from "./rights.ts";

const DEVICE_AGENT = "device-agent";
const OPERATOR = { kind: "operator", name: "operator", user: "operator" } as const;

/** A file that `init` has seen to. */
export interface Step {
  path: string;
  isNew: boolean;
}

/** The authority of this folder. @throws Fault when its key is not there. */
export function authorityOf(folder: SecretsFolder): Signed {
  if (!folder.has(FILES.authorityKey)) {
    throw new Fault(
      `${folder.pathOf(FILES.authorityKey)} is missing, and nothing can be signed without it`,
      {
        remedy: "If you keep it elsewhere, put it back while this command runs.",
        exitCode: EXIT_CODES.unavailable,
      },
    );
  }
  return {
    certificateFile: folder.pathOf(FILES.authority),
    keyFile: folder.pathOf(FILES.authorityKey),
  };
}

/** The names of the suite. */
interface SuiteIdentity {
  /** What devices call the broker: names and addresses. */
  hosts: readonly string[];
  /** The device that runs in a container of the suite. */
  deviceId: string;
}

/**
 * Creates what is missing, and leaves what exists unchanged.
 *
 * @throws Fault when the server needs a certificate and no host is given, or one is none.
 */
export function initialise(folder: SecretsFolder, { hosts, deviceId }: SuiteIdentity): Step[] {
  const suite = readFileSync(inClone("mosquitto/rights.acl"), "utf8");
  const steps: Step[] = [];
  if (!folder.has(FILES.server)) checkHosts(hosts);

  function make(file: string, readers: Readers, content: () => string): boolean {
    const isNew = !folder.has(file);
    if (isNew) folder.write(file, content(), readers);
    steps.push({ path: folder.pathOf(file), isNew });
    return isNew;
  }

  // Of an authority whose key is kept elsewhere only the certificate is here.
  if (!folder.has(FILES.authority)) {
    make(FILES.authorityKey, "owner", generateKey);
    make(FILES.authority, "containers", () => certifyAuthority(folder.pathOf(FILES.authorityKey)));
  }
  make(FILES.serverKey, "containers", generateKey);
  make(FILES.server, "containers", () =>
    certifyServer(authorityOf(folder), folder.pathOf(FILES.serverKey), hosts),
  );

  const agent: Client = { kind: "device", name: deviceId, user: DEVICE_AGENT };
  make(FILES.rights, "containers", () => withClient(withClient(suite, OPERATOR), agent));
  make(FILES.passwords, "containers", () => "");
  make(FILES.issued, "owner", () => "");
  renew(folder, suite, [OPERATOR, agent]);
  make(FILES.revoked, "containers", () =>
    certifyRevocations(authorityOf(folder), folder.read(FILES.issued)),
  );

  function makeUser(user: string, file: string, readers: Readers): void {
    const isNew = make(file, readers, randomPassword);
    if (isNew || !hasPassword(folder.read(FILES.passwords), user)) {
      keepPassword(folder, user, folder.read(file));
    }
  }
  for (const { service, user } of servicesOf(suite)) {
    makeUser(user, `services/${service}`, "containers");
  }
  makeUser(DEVICE_AGENT, `services/${DEVICE_AGENT}`, "containers");
  makeUser(OPERATOR.user, filesOf(OPERATOR).password, "owner");
  return steps;
}

/** Brings files of an earlier Weir up to date: rights, and users that it did not have. */
function renew(folder: SecretsFolder, suite: string, clients: readonly Client[]): void {
  const before = folder.read(FILES.rights);
  let rights = withMissingBlocks(renewed(before), suite);
  for (const client of clients) {
    if (!usersOf(rights).includes(client.user)) rights = withClient(rights, client);
  }
  if (rights !== before) folder.write(FILES.rights, rights, "containers");
  for (const user of usersOf(before).filter((one) => !usersOf(rights).includes(one))) {
    const passwords = withoutPassword(folder.read(FILES.passwords), user);
    folder.write(FILES.passwords, passwords, "containers");
  }
  for (const client of clientsOf(rights)) recordCertificate(folder, client);
}

/** A certificate that is not recorded cannot be revoked. */
export function recordCertificate(folder: SecretsFolder, client: Client): void {
  const { certificate } = filesOf(client);
  const issued = folder.read(FILES.issued);
  const isKnown = issuedIn(issued).some(({ user }) => user === client.user);
  if (isKnown || !folder.has(certificate)) return;
  folder.write(FILES.issued, withCertificate(issued, folder.read(certificate)), "owner");
}

/** Adds a password to those that the broker knows. */
export function keepPassword(folder: SecretsFolder, user: string, password: string): void {
  const passwords = withPassword(folder.read(FILES.passwords), user, password);
  folder.write(FILES.passwords, passwords, "containers");
}

function checkHosts(hosts: readonly string[]): void {
  if (hosts.length === 0) {
    throw new Fault(
      "--host is missing; the certificate must contain the names by which devices call the broker",
      {
        remedy: "Say --host my.host.name or --host 192.168.1.5, or both.",
        exitCode: EXIT_CODES.configuration,
      },
    );
  }
  for (const host of hosts) {
    if (isIP(host) !== 0 || /^[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?$/.test(host)) continue;
    throw new Fault(`--host: ${JSON.stringify(host)} is neither a host name nor an address`, {
      remedy: "Give it without mqtts:// and without a port.",
      exitCode: EXIT_CODES.configuration,
    });
  }
}

/** The files of the suite. */
export const FILES = {
  authorityKey: "ca.key",
  authority: "ca.crt",
  serverKey: "mosquitto/server.key",
  server: "mosquitto/server.crt",
  passwords: "mosquitto/passwords",
  rights: "mosquitto/rights",
  /** The certificates of clients, so that they can be revoked: a database of `openssl ca`. */
  issued: "ca.database",
  /** The revoked certificates; the broker refuses them. */
  revoked: "mosquitto/revoked.pem",
} as const;

/** Where the secrets of a device or an operator are: files of the folder. */
export function filesOf({ kind, name }: { kind: string; name: string }) {
  const path = `${kind}s/${name}`;
  return { password: `${path}.password`, key: `${path}.key`, certificate: `${path}.crt` };
}

/** Who reads a file: a container's user is not the owner of the folder. */
type Readers = "owner" | "containers";

const FILE_MODES = { owner: 0o600, containers: 0o644 } as const;
/** Only the owner can enter the folder, so its files are out of reach for other users. */
const ROOT_MODE = 0o700;
const INNER_MODE = 0o755;

/** Each command takes seconds. */
const LOCK_WAIT_MS = 120_000;

/** The folder of keys, certificates, passwords and rights. Its files are named by their paths in it. */
export class SecretsFolder {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /** Keeps other commands out while files are read and written again. @throws Fault after two minutes. */
  lock(): Disposable {
    makeFolder(this.#root, ROOT_MODE);
    return lockFile(this.pathOf("secrets"), {
      message: `another weir secure is running in ${this.#root}`,
      remedy: "Wait until it has ended, and try again.",
      waitMs: LOCK_WAIT_MS,
    });
  }

  pathOf(file: string): string {
    return join(this.#root, file);
  }

  has(file: string): boolean {
    return existsSync(this.pathOf(file));
  }

  /** @throws Fault when it is missing. */
  read(file: string): string {
    try {
      return readFileSync(this.pathOf(file), "utf8");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      throw new Fault(`there is no ${this.pathOf(file)}`, {
        remedy: "weir secure init --host NAME makes what is missing.",
        exitCode: EXIT_CODES.unavailable,
      });
    }
  }

  /** Replaces the whole file at once, so that a broker that reads it meanwhile has the old or the new one. */
  write(file: string, text: string, readers: Readers): void {
    const path = this.pathOf(file);
    makeFolder(this.#root, ROOT_MODE);
    if (dirname(path) !== this.#root) makeFolder(dirname(path), INNER_MODE);
    const draft = `${path}.new`;
    writeFileSync(draft, text, { mode: FILE_MODES.owner, flush: true });
    chmodSync(draft, FILE_MODES[readers]);
    renameSync(draft, path);
    fsyncFolderOf(path);
  }

  remove(file: string): void {
    rmSync(this.pathOf(file), { force: true });
  }
}

function makeFolder(path: string, mode: number): void {
  mkdirSync(path, { recursive: true });
  // The umask may have removed what a container needs.
  chmodSync(path, mode);
}
