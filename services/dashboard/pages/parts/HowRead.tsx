import type { Explained } from "../../src/contract/series.ts";
import { format } from "../preferences.ts";
import { prettyPayload } from "./pretty.ts";
import { State } from "./State.tsx";
import { Time, Value } from "./Value.tsx";

/** Kinds of outcomes that a reader should know of; the others are fine. */
const DOUBTS: ReadonlySet<string> = new Set(["flagged", "rejected"]);

/** A stored payload beside the numbers that were read from it. */
export function HowRead({ explained }: { explained: Explained }) {
  const { payload, bytes, receivedMs, observedMs, timeSource, family, outcome, points, ignored } =
    explained;
  const { bytes: size } = format.value;
  return (
    <div class="how-read">
      <p class="quiet">
        Received <Time atMs={receivedMs} seconds />, {size(bytes)}
        {explained.isRetained ? ", retained by the broker" : ""}. Read as <code>{family}</code>,
        with the time <Time atMs={observedMs} seconds /> of{" "}
        {timeSource === "reception" ? "its reception" : <code>{timeSource}</code>}.
      </p>
      {DOUBTS.has(outcome.kind) ? (
        <p>
          <State tone="attention" word={`${outcome.kind}: ${outcome.reason}`} />
        </p>
      ) : null}
      <div class="payload-and-points">
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls */}
        <section class="payload" tabIndex={0} aria-label="Payload">
          <pre>{payload === null ? "This payload is not text." : prettyPayload(payload)}</pre>
        </section>
        <table>
          <thead>
            <tr>
              <th scope="col">Path</th>
              <th scope="col" class="number">
                Value
              </th>
              <th scope="col">Kind</th>
            </tr>
          </thead>
          <tbody>
            {points.map(({ series, path, value, unit, kind }) => (
              <tr key={series}>
                <td>
                  <code>{path === "" ? "(the whole)" : path}</code>
                </td>
                <td class="number">
                  <Value value={value} unit={unit} kind={kind} />
                </td>
                <td>{kind}</td>
              </tr>
            ))}
            {ignored.map(({ path, reason }) => (
              <tr key={path} class="ignored">
                <td>
                  <code>{path === "" ? "(the whole)" : path}</code>
                </td>
                <td colspan={2}>{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
