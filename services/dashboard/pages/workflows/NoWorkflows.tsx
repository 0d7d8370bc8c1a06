import { Copyable } from "../parts/Copyable.tsx";
import { Empty } from "../parts/Notes.tsx";
import { FIRST_WORKFLOW } from "./examples.ts";

/** Three lines that make the first workflow run and raise an alert. */
export function NoWorkflows({ folder }: { folder: string }) {
  const publish = (celsius: number): string =>
    `mosquitto_pub -h ${location.hostname} -q 1 -t devices/freezer/state -m '{"temperature": ${celsius}}'`;
  const lines = [
    `echo '${FIRST_WORKFLOW}' > config/workflows/freezer.yaml`,
    publish(-9),
    publish(-18),
  ].join("\n");
  return (
    <Empty title="There is no workflow yet">
      <p>
        A workflow goes from a reading to an alert, an e-mail or a command. Make one on the canvas,
        or write its file: files in <code>{folder}</code> are read when they change. These lines, in
        the folder of Weir, make one, and publish what it waits for: an alert, and its end.
      </p>
      <Copyable text={lines} label="Three commands that make a workflow run" />
      <p>
        <a href="/workflows/nodes">Types of nodes</a> says what a workflow can be made of;{" "}
        <code>config/examples/workflows</code> has more examples, and{" "}
        <code>docs/how-to/alert-when-the-freezer-is-warm.md</code> goes step by step.
      </p>
    </Empty>
  );
}
