import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { EXIT_CODES, errorCode, Fault } from "@weir/fault";
import { fsyncFolderOf, lockFile } from "@weir/sqlite";

/** The files that everything hangs on. */
export const FILES = {
  authorityKey: "ca.key",
  authority: "ca.crt",
  serverKey: "mosquitto/server.key",
  server: "mosquitto/server.crt",
  passwords: "mosquitto/passwords",
  rights: "mosquitto/rights",
  /** What was signed for clients, so that it can be called back: `openssl ca`'s database. */
  issued: "ca.database",
  /** The certificates that are called back; the broker refuses them. */
  revoked: "mosquitto/revoked.pem",
} as const;

/** Where the secrets of a device or an operator are: files of the folder. */
export interface ClientFiles {
  password: string;
  key: string;
  certificate: string;
}

export function filesOf({ kind, name }: { kind: string; name: string }): ClientFiles {
  const path = `${kind}s/${name}`;
  return { password: `${path}.password`, key: `${path}.key`, certificate: `${path}.crt` };
}

/** Who reads a file: a container's user is not the owner of the folder. */
export type Readers = "owner" | "containers";

const FILE_MODES = { owner: 0o600, containers: 0o644 } as const;
/** The folder as a whole is its owner's alone, so nobody else on the machine comes as far as any file. */
const ROOT_MODE = 0o700;
const INNER_MODE = 0o755;

/** Another command of this kind takes seconds. */
const LOCK_WAIT_MS = 120_000;

/** The folder of keys, certificates, passwords and rights. Its files are named by their paths in it. */
export interface SecretsFolder {
  /** Keeps other commands out while files are read and written again. @throws Fault after two minutes. */
  lock(): Disposable;
  pathOf(file: string): string;
  has(file: string): boolean;
  /** @throws Fault when it is not there. */
  read(file: string): string;
  /** Replaces the whole file at once, so that a broker that reads it meanwhile has the old or the new one. */
  write(file: string, text: string, readers: Readers): void;
  remove(file: string): void;
}

export function openSecretsFolder(root: string): SecretsFolder {
  const pathOf = (file: string): string => join(root, file);

  function makeFolder(path: string, mode: number): void {
    mkdirSync(path, { recursive: true });
    // The umask may have taken from it what a container needs.
    chmodSync(path, mode);
  }

  return {
    pathOf,
    lock: () => {
      makeFolder(root, ROOT_MODE);
      return lockFile(pathOf("secrets"), {
        message: `another npm run secure is at work in ${root}`,
        remedy: "Wait until it has ended, and try again.",
        waitMs: LOCK_WAIT_MS,
      });
    },
    has: (file) => existsSync(pathOf(file)),
    read: (file) => {
      try {
        return readFileSync(pathOf(file), "utf8");
      } catch (error) {
        if (errorCode(error) !== "ENOENT") throw error;
        throw new Fault(`there is no ${pathOf(file)}`, {
          remedy: "npm run secure -- init --host NAME makes what is missing.",
          exitCode: EXIT_CODES.unavailable,
        });
      }
    },
    write: (file, text, readers) => {
      const path = pathOf(file);
      makeFolder(root, ROOT_MODE);
      if (dirname(path) !== root) makeFolder(dirname(path), INNER_MODE);
      const draft = `${path}.new`;
      writeFileSync(draft, text, { mode: FILE_MODES.owner, flush: true });
      chmodSync(draft, FILE_MODES[readers]);
      renameSync(draft, path);
      fsyncFolderOf(path);
    },
    remove: (file) => rmSync(pathOf(file), { force: true }),
  };
}
