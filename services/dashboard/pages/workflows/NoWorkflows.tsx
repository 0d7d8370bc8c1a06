import { Copyable } from "../parts/Copyable.tsx";
import { Empty } from "../parts/Notes.tsx";

/** Three lines that make the first workflow run and raise an alert. */
export function NoWorkflows({ folder }: { folder: string }) {
  const publish = (celsius: number): string =>
    `mosquitto_pub -h ${location.hostname} -q 1 -t devices/freezer/state -m '{"temperature": ${celsius}}'`;
  const lines = [
    "cp config/examples/workflows/freezer-warm.yaml config/workflows/",
    publish(-9),
    publish(-18),
  ].join("\n");
  return (
    <Empty title="There is no workflow yet">
      <p>
        A workflow goes from a reading to an alert, an e-mail or a command. Make one on the canvas,
        or write its file: files in <code>{folder}</code> are read when they change. These lines
        take an example, and publish what it waits for.
      </p>
      <Copyable text={lines} label="Three commands that make a workflow run" />
      <p>
        <a href="/workflows/nodes">Types of nodes</a> says what a workflow can be made of.
      </p>
    </Empty>
  );
}
