import type { NodeTypeInfo } from "@weir/flows/contract";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Page } from "../shell/Page.tsx";
import { settingsOf } from "./node-settings.ts";
import "./workflows.css";
import { workflowsApi } from "./workflows-api.ts";

const GROUPS = [
  { group: "trigger", title: "Triggers", does: "A workflow begins with one of them." },
  { group: "condition", title: "Conditions", does: "They decide where it goes on." },
  { group: "data", title: "Data", does: "They add something to what goes along the wires." },
  { group: "action", title: "Actions", does: "They do something outside, once." },
] as const;

/** What workflows are made of: the reference, from the service itself. */
export function NodeTypes() {
  const { value, problem, reload } = useLoaded("node types", workflowsApi.nodeTypes);
  return (
    <Page title="Types of nodes" aside={<a href="/workflows">Workflows</a>}>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null && problem === null ? <Skeleton lines={6} height="2.5rem" /> : null}
      {value === null
        ? null
        : GROUPS.map(({ group, title, does }) => (
            <section key={group} class="node-types" aria-labelledby={`nodes-${group}`}>
              <header>
                <h2 id={`nodes-${group}`}>{title}</h2>
                <p class="quiet">{does}</p>
              </header>
              <ul>
                {value.types
                  .filter((type) => type.group === group)
                  .map((type) => (
                    <li key={type.type}>
                      <NodeType info={type} />
                    </li>
                  ))}
              </ul>
            </section>
          ))}
    </Page>
  );
}

function NodeType({ info }: { info: NodeTypeInfo }) {
  const { type, summary, inputs, outputs, schema } = info;
  return (
    <details>
      <summary>
        <code>{type}</code> <span>{summary}</span>
      </summary>
      <div class="node-type-body">
        <p class="facts-line">
          <span>Inputs: {inputs.length === 0 ? "none" : inputs.join(", ")}</span>
          <span>Outputs: {[...outputs, "error"].join(", ")}</span>
        </p>
        <dl>
          {settingsOf(schema).map(({ name, description, isRequired, fallback }) => (
            <div key={name}>
              <dt>
                <code>{name}</code>
              </dt>
              <dd>
                {description}
                {isRequired ? <span class="quiet"> (required)</span> : null}
                {fallback === null ? null : <span class="quiet">{` (default ${fallback})`}</span>}
              </dd>
            </div>
          ))}
        </dl>
      </div>
    </details>
  );
}
