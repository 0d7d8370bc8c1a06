import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { newCount } from "../alerts/alert-words.ts";
import { now } from "../clock.ts";
import { awaySinceMs, newAlerts, status } from "../page-stream.ts";
import { StaleNote } from "../parts/Notes.tsx";
import { format } from "../preferences.ts";

interface PageProps {
  title: string;
  /** Beside the title. */
  aside?: ComponentChildren;
  children: ComponentChildren;
}

/** A page with its title, and what to know where its data is not of now. */
export function Page({ title, aside, children }: PageProps) {
  const alerts = newCount(newAlerts.value);
  useEffect(() => {
    const name = title === "Overview" ? "Weir" : `${title} · Weir`;
    document.title = alerts === 0 ? name : `(${alerts}) ${name}`;
  }, [title, alerts]);
  return (
    <div class="page">
      <header class="page-head">
        <h1>{title}</h1>
        {aside}
      </header>
      <Staleness />
      {children}
    </div>
  );
}

function Staleness() {
  const away = awaySinceMs.value;
  if (away !== null) {
    return (
      <StaleNote
        asOfMs={away}
        why="the dashboard's server does not answer. This page goes on by itself when it is back."
      />
    );
  }
  const broker = status.value?.broker;
  if (broker === undefined || broker.isConnected || broker.sinceMs === null) return null;
  const since = format.value.when(broker.sinceMs, now.value);
  const reason = broker.reason === null ? "" : ` (${broker.reason})`;
  return (
    <StaleNote
      asOfMs={status.value?.newestMs ?? broker.sinceMs}
      why={`the broker has been away since ${since}${reason}. What is stored can be seen; nothing new arrives.`}
    />
  );
}
