import { type ServiceContext, systemClock } from "@weir/runtime";
import { Actions } from "../../src/actions/actions.ts";
import { emailPerformer } from "../../src/actions/email.ts";
import { failed, type Performers } from "../../src/actions/performer.ts";
import type { SmtpConfig } from "../../src/actions/smtp-settings.ts";
import { type Commit, WorkflowsLog } from "../../src/log/workflows-log.ts";

const NOTHING: Commit = {
  changes: { states: [], stored: [], runs: [], effects: [], alerts: [], stops: [] },
  ...{ positions: new Map(), ended: [], decisions: [], resumed: [], running: null },
  ...{ engineMs: 0, nextRun: 2, nowMs: 0 },
};

/** The actions of one file, as the service has them, with one mail to send. */
export class Sending implements AsyncDisposable {
  readonly ends: string[] = [];
  readonly #log: WorkflowsLog;
  readonly #actions: Actions;

  constructor(file: string, config: SmtpConfig, context: ServiceContext) {
    this.#log = new WorkflowsLog(file);
    const none = async () => failed("not part of this test");
    const performers: Performers = {
      ...{ webhook: none, ntfy: none, publish: none, command: none, history: none },
      email: emailPerformer(config),
    };
    this.#actions = new Actions({
      ...{ log: this.#log.outbox, performers, clock: systemClock },
      ...{ logger: context.logger, fail: context.fail },
      onEnd: (action, outcome, end) => {
        this.#log.commit({ ...NOTHING, ended: [{ action, outcome, end }] });
        this.ends.push(end);
      },
    });
    this.#actions.start();
  }

  /** Commits the mail of a run, as the loop does. */
  add(whenUncertain: "say" | "resend"): void {
    const atMs = Date.now();
    const place = { flow: "freezer", node: "mail" };
    const mail = { kind: "email", to: ["you@example.org"], subject: "warm", text: "-14" } as const;
    const run = { id: 1, flow: "freezer", trigger: "warm", startedMs: atMs, data: {} };
    const effect = { ...mail, whenUncertain };
    this.#log.commit({
      ...NOTHING,
      changes: {
        ...NOTHING.changes,
        runs: [{ ...run, steps: [], isQuiet: false }],
        effects: [{ ...place, run: 1, atMs, effect, data: {}, lateMs: 3_600_000 }],
      },
    });
    this.#actions.wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#actions[Symbol.asyncDispose]();
    this.#log[Symbol.dispose]();
  }
}
