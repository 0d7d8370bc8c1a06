import type { StreamsAnswer } from "../api.ts";
import { Copyable } from "../parts/Copyable.tsx";
import { Empty } from "../parts/Notes.tsx";

/** Filters of Weir's own streams are not for a first try. */
const OWN_STREAM = "data";
const USUAL_PREFIX = "devices";

/** Three lines that make a new suite show something: they go to the broker of this server. */
export function FirstSteps({ streams }: { streams: StreamsAnswer | null }) {
  const prefix = prefixOf(streams);
  const send = (topic: string, payload: string): string =>
    `mosquitto_pub -h ${location.hostname} -q 1 -t ${prefix}/${topic} -m '${payload}'`;
  const lines = [
    send("kitchen/state", '{"temperature": 21.5, "humidity": 48}'),
    send("freezer/state", '{"temperature": -18.2}'),
    send("attic/battery", "91"),
  ].join("\n");
  return (
    <Empty title="No device has sent anything yet">
      <p>
        Devices appear here by themselves when they publish. Try it with these lines, or point your
        own devices to port 1883 of this server, with topics that begin with{" "}
        <code>{`${prefix}/`}</code>.
      </p>
      <Copyable text={lines} label="Three commands that publish readings" />
      <p>
        Other topics are logged when a stream in <code>config/weir.yaml</code> names them.
      </p>
    </Empty>
  );
}

function prefixOf(streams: StreamsAnswer | null): string {
  const filters = (streams?.streams ?? [])
    .filter(({ name }) => name !== OWN_STREAM)
    .flatMap((stream) => stream.filters);
  const plain = filters.find((filter) => /^[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*\/#$/.test(filter));
  return plain?.slice(0, -2) ?? USUAL_PREFIX;
}
