import { useState } from "preact/hooks";
import { api } from "../api.ts";
import { HowRead } from "../parts/HowRead.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";

/** The newest payload on a topic, and how it was read; asked for when it is opened. */
export function NewestPayload({ topic }: { topic: string }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="newest-payload" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        Newest payload on <code>{topic}</code>
      </summary>
      {isOpen ? <Payload topic={topic} /> : null}
    </details>
  );
}

function Payload({ topic }: { topic: string }) {
  const { value, problem, reload } = useLoaded(`explain ${topic}`, (signal) =>
    api.explain({ topic, count: 1 }, signal),
  );
  if (value === null) {
    return problem === null ? (
      <Skeleton lines={4} />
    ) : (
      <ErrorNote problem={problem} retry={reload} />
    );
  }
  const [newest] = value.payloads;
  if (newest === undefined) {
    return <p class="quiet">Its rows are no longer kept. The history of its series is.</p>;
  }
  return <HowRead explained={newest} />;
}
