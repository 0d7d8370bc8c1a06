import { prettyPayload } from "../parts/pretty.ts";
import { Time } from "../parts/Value.tsx";
import { isTime, isTree, valueText } from "./run-words.ts";

/** The values that decided at a node, with times as times. */
export function StepValues({ values }: { values: Readonly<Record<string, unknown>> }) {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  return (
    <dl class="step-values">
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <StepValue name={name} value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function StepValue({ name, value }: { name: string; value: unknown }) {
  if (isTime(name, value)) return <Time atMs={value} seconds />;
  if (!isTree(value)) return <>{valueText(value)}</>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls
    <section class="payload" tabIndex={0} aria-label={name}>
      <pre>{prettyPayload(valueText(value))}</pre>
    </section>
  );
}
