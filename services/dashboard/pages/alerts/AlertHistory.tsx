import type { Alert } from "@weir/flows/contract";
import { About } from "../parts/About.tsx";
import { State } from "../parts/State.tsx";
import { Time } from "../parts/Value.tsx";
import { Wide } from "../parts/Wide.tsx";
import { format } from "../preferences.ts";
import { goQuery } from "../router.ts";
import { alertTone, clearedWords } from "./alert-words.ts";

interface AlertHistoryProps {
  alerts: readonly Alert[];
  isFiltered: boolean;
  /** Whether these are the newest. */
  isFirst: boolean;
  /** The last id of this page where there are older ones. */
  olderThan: number | null | undefined;
}

/** Alerts that are over, the newest first. */
export function AlertHistory({ alerts, isFiltered, isFirst, olderThan }: AlertHistoryProps) {
  return (
    <section class="alerts" aria-labelledby="history-title">
      <h2 id="history-title">History</h2>
      {alerts.length === 0 ? (
        <p class="quiet">
          {isFiltered ? "No cleared alert is like this." : "No alert was cleared yet."}
        </p>
      ) : null}
      {alerts.length === 0 ? null : (
        <Wide label="Table of cleared alerts">
          <table>
            <thead>
              <tr>
                <th scope="col">Alert</th>
                <th scope="col">Severity</th>
                <th scope="col">About</th>
                <th scope="col">Workflow</th>
                <th scope="col">Raised</th>
                <th scope="col">Cleared</th>
              </tr>
            </thead>
            <tbody>
              {alerts.map((alert) => (
                <ClearedRow key={alert.id} alert={alert} />
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      <p class="pages-line">
        {isFirst ? null : (
          <button type="button" class="link" onClick={() => goQuery({ before: null }, "push")}>
            Newest
          </button>
        )}
        {olderThan == null ? null : (
          <button
            type="button"
            class="link"
            onClick={() => goQuery({ before: String(olderThan) }, "push")}
          >
            Older
          </button>
        )}
      </p>
    </section>
  );
}

function ClearedRow({ alert }: { alert: Alert }) {
  const { title, severity, key, flow, run, raisedMs, clearedMs } = alert;
  return (
    <tr>
      <td>
        <a href={`/workflows/runs/${run}`}>{title}</a>
      </td>
      <td>
        <State tone={alertTone(alert)} word={severity} />
      </td>
      <td>{key === "" ? <span class="quiet">–</span> : <About name={key} />}</td>
      <td>{flow}</td>
      <td class="when">
        <Time atMs={raisedMs} />
      </td>
      <td>
        {clearedMs === null ? null : (
          <>
            after {format.value.duration(Math.max(0, clearedMs - raisedMs))}{" "}
            <span class="quiet">{clearedWords(alert)}</span>
          </>
        )}
      </td>
    </tr>
  );
}
