import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

const OUTPUT_BYTES_MAX = 64 * 2 ** 20;
const SAMPLE_INTERVAL_MS = 2000;
const COMMAND_TIMEOUT_MS = 60_000;
const MIB = 2 ** 20;

/** What a container needs to be a machine with systemd and a Docker engine of its own, inside. */
const RIGHTS = [
  "--cap-add=ALL",
  // Some hosts lack it themselves; neither systemd nor Docker needs it.
  "--cap-drop=SYS_RESOURCE",
  "--cgroupns=private",
  "--device-cgroup-rule=a *:* rwm",
  "--security-opt=apparmor=unconfined",
  "--security-opt=seccomp=unconfined",
  "--security-opt=systempaths=unconfined",
];

/** Runs docker outside the machine; returns what it printed. */
export async function docker(args: readonly string[], timeoutMs = COMMAND_TIMEOUT_MS) {
  const options = { timeout: timeoutMs, maxBuffer: OUTPUT_BYTES_MAX };
  const { stdout } = await run("docker", [...args], options);
  return stdout.trim();
}

/** A machine in a container: it boots, restarts and is looked into. Disposing removes it and its disks. */
export class Machine implements AsyncDisposable {
  readonly #name: string;
  readonly #sampling = new AbortController();
  #peakBytes = 0;

  private constructor(name: string) {
    this.#name = name;
  }

  /** The machine, not yet started. `memory` is as Docker writes it. */
  static async create(name: string, image: string, memory: string): Promise<Machine> {
    await docker(["rm", "--force", "--volumes", name]);
    // Overlays do not stack: images and containers of the inner engine are in volumes.
    const disks = ["--volume=/var/lib/docker", "--volume=/var/lib/containerd"];
    const tmpfs = ["--tmpfs=/run:exec", "--tmpfs=/run/lock"];
    const limits = [`--memory=${memory}`, `--memory-swap=${memory}`, "--env=container=docker"];
    const names = [`--name=${name}`, `--hostname=${name}`];
    await docker(["create", ...names, ...RIGHTS, ...limits, ...tmpfs, ...disks, image]);
    return new Machine(name);
  }

  async copy(from: string, to: string): Promise<void> {
    await docker(["cp", from, `${this.#name}:${to}`], 5 * COMMAND_TIMEOUT_MS);
  }

  async boot(): Promise<void> {
    await docker(["start", this.#name]);
    void this.#sample();
  }

  /** As a power button does: systemd ends everything, and starts it again. */
  async reboot(): Promise<void> {
    await docker(["restart", "-t", "90", this.#name], 3 * COMMAND_TIMEOUT_MS);
  }

  /** Runs a line of shell in the machine, as root; returns what it printed. */
  run(line: string, timeoutMs = COMMAND_TIMEOUT_MS): Promise<string> {
    return docker(["exec", this.#name, "sh", "-c", line], timeoutMs);
  }

  /** The most memory in MiB that all processes of the machine had together since the last question. */
  peakMiB(): number {
    const peak = this.#peakBytes;
    this.#peakBytes = 0;
    return Math.round(peak / MIB);
  }

  /** Without the page cache, which takes whatever is left. */
  async #sample(): Promise<void> {
    const line = "cat /sys/fs/cgroup/memory/memory.stat /sys/fs/cgroup/memory.stat 2> /dev/null; :";
    while (!this.#sampling.signal.aborted) {
      // While the machine restarts it does not answer.
      const text = await this.run(line).catch(() => "");
      const used = Number(/^(?:total_rss|anon) (\d+)$/m.exec(text)?.[1] ?? 0);
      this.#peakBytes = Math.max(this.#peakBytes, used);
      await pause(SAMPLE_INTERVAL_MS);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#sampling.abort();
    await docker(["rm", "--force", "--volumes", this.#name], 2 * COMMAND_TIMEOUT_MS);
  }
}
