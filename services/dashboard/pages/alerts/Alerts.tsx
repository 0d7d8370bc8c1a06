import type { Alert } from "@weir/flows/contract";
import { useRef } from "preact/hooks";
import { session } from "../api.ts";
import { useLive } from "../page-stream.ts";
import { Icon } from "../parts/Icon.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { Empty, ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { SearchField } from "../parts/SearchField.tsx";
import { goQuery, place } from "../router.ts";
import { Page } from "../shell/Page.tsx";
import { AlertHistory } from "./AlertHistory.tsx";
import "./alerts.css";
import { inOrder, matching } from "./alert-words.ts";
import { alertsApi } from "./alerts-api.ts";
import { OpenAlert } from "./OpenAlert.tsx";

const EVERY_MS = 60_000;
/** As many as the API gives at once. */
const SHOWN_MAX = 500;

/** What wants a look: alerts that are open, and those that were. */
export function Alerts() {
  const { query } = place.value;
  const text = query.get("text") ?? "";
  const severity = query.get("severity");
  const beforeId = Number(query.get("before")) || null;
  const open = useLoaded(
    "alerts",
    (signal) => alertsApi.alerts({ state: "open", limit: SHOWN_MAX }, signal),
    { everyMs: EVERY_MS },
  );
  const all = useLoaded(
    `alerts before ${beforeId}`,
    (signal) =>
      alertsApi.alerts(
        { state: "all", limit: SHOWN_MAX, ...(beforeId === null ? {} : { beforeId }) },
        signal,
      ),
    { everyMs: EVERY_MS },
  );
  const reload = (): void => {
    open.reload();
    all.reload();
  };
  useLive({}, { alerts: reload });

  const problem = open.problem ?? all.problem;
  const isKnown = open.value !== null && all.value !== null;
  const isFiltered = text !== "" || severity !== null;
  const list = (alerts: readonly Alert[] | undefined): Alert[] =>
    matching(alerts ?? [], text, severity);
  const cleared = (all.value?.alerts ?? []).filter(({ state }) => state === "cleared");
  const isEmpty = isKnown && open.value?.alerts.length === 0 && all.value?.alerts.length === 0;
  return (
    <Page title="Alerts">
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {isKnown || problem !== null ? null : <Skeleton lines={4} height="4.5rem" />}
      {isEmpty && beforeId === null ? (
        <NoAlerts />
      ) : isKnown ? (
        <>
          <Filters text={text} severity={severity} />
          <OpenAlerts
            alerts={inOrder(list(open.value?.alerts))}
            isFiltered={isFiltered}
            onChange={reload}
          />
          <AlertHistory
            alerts={list(cleared)}
            isFiltered={isFiltered}
            isFirst={beforeId === null}
            olderThan={all.value?.alerts.length === SHOWN_MAX ? all.value.alerts.at(-1)?.id : null}
          />
        </>
      ) : null}
    </Page>
  );
}

function Filters({ text, severity }: { text: string; severity: string | null }) {
  return (
    <div class="list-head">
      <SearchField
        label="Search alerts"
        placeholder="Title, device or workflow"
        value={text}
        onChange={(typed) => goQuery({ text: typed === "" ? null : typed })}
      />
      <label class="inline-field">
        Severity
        <select
          value={severity ?? ""}
          onChange={({ currentTarget: { value } }) =>
            goQuery({ severity: value === "" ? null : value })
          }
        >
          <option value="">all</option>
          <option>critical</option>
          <option>warning</option>
          <option>info</option>
        </select>
      </label>
    </div>
  );
}

interface OpenAlertsProps {
  alerts: readonly Alert[];
  isFiltered: boolean;
  onChange: () => void;
}

function OpenAlerts({ alerts, isFiltered, onChange }: OpenAlertsProps) {
  const title = useRef<HTMLHeadingElement>(null);
  const user = session.value?.user;
  const isViewer = user?.role === "viewer";
  return (
    <section class="alerts" aria-labelledby="open-title">
      <h2 id="open-title" ref={title} tabIndex={-1}>
        Open
      </h2>
      {isViewer && alerts.length > 0 ? (
        <p class="quiet" id="viewer-reason">
          Only operators acknowledge and clear alerts; {user?.name} is a viewer.
        </p>
      ) : null}
      {alerts.length === 0 ? (
        <p class="fine">
          {isFiltered ? null : <Icon name="check" />}
          {isFiltered ? "No open alert is like this." : "No alert is open."}
        </p>
      ) : (
        <ul>
          {alerts.map((alert) => (
            <li key={alert.id}>
              <OpenAlert
                alert={alert}
                isViewer={isViewer}
                onChange={() => {
                  // The button that was pressed goes away.
                  title.current?.focus({ preventScroll: true });
                  onChange();
                }}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

function NoAlerts() {
  return (
    <Empty title="No alert has been raised yet">
      <p>
        A workflow raises alerts with a node of the type <code>alert</code>, as when a freezer is
        warm for ten minutes. <a href="/workflows">Workflows</a> has three lines to try it with.
      </p>
    </Empty>
  );
}
