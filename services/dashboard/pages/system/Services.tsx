import type { infer as Of } from "zod";
import type { service as serviceShape } from "../../src/contract/system.ts";
import { api } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { State } from "../parts/State.tsx";
import type { Tone } from "../parts/tone.ts";
import { Age, Time } from "../parts/Value.tsx";
import { Wide } from "../parts/Wide.tsx";
import { format } from "../preferences.ts";

const EVERY_MS = 5_000;

type Service = Of<typeof serviceShape>;

/** How the services are, and what they lack. */
export function Services() {
  const { value, problem, reload } = useLoaded("services", api.services, { everyMs: EVERY_MS });
  return (
    <section class="card system" id="services" aria-labelledby="services-title">
      <h2 id="services-title">Services</h2>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null && problem === null ? <Skeleton lines={5} /> : null}
      {value === null ? null : (
        <Wide label="Table of services">
          <table>
            <thead>
              <tr>
                <th scope="col">Service</th>
                <th scope="col">State</th>
                <th scope="col" class="number">
                  Memory
                </th>
                <th scope="col">Started</th>
              </tr>
            </thead>
            <tbody>
              {value.services.map((one) => (
                <tr key={one.name}>
                  <th scope="row">{one.name}</th>
                  <td>
                    <Health service={one} />
                  </td>
                  <td class="number">
                    {one.memoryBytes === null ? "–" : format.value.bytes(one.memoryBytes)}
                  </td>
                  <td>{one.startedMs === null ? "–" : <Time atMs={one.startedMs} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Wide>
      )}
    </section>
  );
}

function Health({ service }: { service: Service }) {
  const { state, reasons, warnings, lookedMs } = service;
  return (
    <>
      <State tone={toneOf(service)} word={state} />
      {[...reasons, ...warnings].map((words) => (
        <p class="quiet" key={words}>
          {words}
        </p>
      ))}
      {state === "away" ? (
        <p class="quiet">
          looked <Age atMs={lookedMs} />
        </p>
      ) : null}
    </>
  );
}

function toneOf({ state, warnings }: Service): Tone {
  if (state === "away") return "problem";
  return state === "not ready" || warnings.length > 0 ? "attention" : "ok";
}
