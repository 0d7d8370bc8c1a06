import type { Alert } from "@weir/flows/contract";
import { About } from "../parts/About.tsx";
import { State } from "../parts/State.tsx";
import { useDeed } from "../parts/use-deed.ts";
import { Age, Time } from "../parts/Value.tsx";
import { alertTone } from "./alert-words.ts";
import { alertsApi } from "./alerts-api.ts";

interface OpenAlertProps {
  alert: Alert;
  isViewer: boolean;
  /** It was acknowledged or cleared here. */
  onChange: () => void;
}

/** An alert that is open: what, since when, of which workflow, and what can be done about it. */
export function OpenAlert({ alert, isViewer, onChange }: OpenAlertProps) {
  const { id, title, severity, state, flow, key, raisedMs, run } = alert;
  const acknowledge = useDeed(() => alertsApi.acknowledge(id), onChange);
  const clear = useDeed(() => alertsApi.clear(id), onChange);
  const problem = acknowledge.problem ?? clear.problem;
  const isDisabled = isViewer || acknowledge.isDoing || clear.isDoing;
  const reason = isViewer ? "viewer-reason" : undefined;
  return (
    <article class={`alert ${state}`} aria-labelledby={`alert-${id}`}>
      <div class="alert-what">
        <h3 id={`alert-${id}`}>{title}</h3>
        <p class="facts-line">
          <State tone={alertTone(alert)} word={severity} />
          <span>
            {state}, raised <Age atMs={raisedMs} />
          </span>
          {key === "" ? null : <About name={key} />}
          <a href={`/workflows/runs?flow=${encodeURIComponent(flow)}`}>{flow}</a>
          <a href={`/workflows/runs/${run}`}>{`run ${run}`}</a>
        </p>
        {alert.acknowledgedMs === null ? null : (
          <p class="quiet">
            Acknowledged by {alert.acknowledgedBy ?? "the workflow"}{" "}
            <Time atMs={alert.acknowledgedMs} />
          </p>
        )}
        {problem === null ? null : (
          <p class="refusal" role="alert">
            {problem.message}
          </p>
        )}
      </div>
      <div class="alert-deeds">
        {state === "new" ? (
          <button
            type="button"
            class="plain"
            disabled={isDisabled}
            aria-describedby={reason ?? `alert-${id}`}
            onClick={() => void acknowledge.act()}
          >
            Acknowledge
          </button>
        ) : null}
        <button
          type="button"
          class="plain"
          disabled={isDisabled}
          aria-describedby={reason ?? `alert-${id}`}
          onClick={() => void clear.act()}
        >
          Clear
        </button>
      </div>
    </article>
  );
}
