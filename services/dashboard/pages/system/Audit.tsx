import type { infer as Of } from "zod";
import type { Audit as AuditShape, publisherAudit } from "../../src/contract/system.ts";
import { api } from "../api.ts";
import { status } from "../page-stream.ts";
import { useLoaded } from "../parts/loaded.ts";
import { Empty, ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { State } from "../parts/State.tsx";
import { Age } from "../parts/Value.tsx";
import { Wide } from "../parts/Wide.tsx";
import { format } from "../preferences.ts";
import { auditVerdict, publisherTone } from "./audit-words.ts";
import { Network } from "./Network.tsx";

type Publisher = Of<typeof publisherAudit>;

const EVERY_MS = 5_000;

/** What each publisher has accepted and what became of it: the proof that nothing is lost. */
export function Audit() {
  const { value, problem, reload } = useLoaded("audit", api.audit, { everyMs: EVERY_MS });
  return (
    <section class="card system" id="audit" aria-labelledby="audit-title">
      <header class="system-head">
        <h2 id="audit-title">Nothing lost</h2>
        {value?.atMs == null ? null : (
          <span class="quiet">
            audited <Age atMs={value.atMs} />
          </span>
        )}
      </header>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null && problem === null ? <Skeleton lines={4} /> : null}
      {value === null ? null : <Found audit={value} />}
      <Network onChange={reload} />
    </section>
  );
}

function Found({ audit }: { audit: AuditShape }) {
  const { publishers, hints, problem, unsequenced } = audit;
  const verdict = auditVerdict(audit, format.value);
  const isAway = status.value?.broker.isConnected === false;
  return (
    <>
      <p class="verdict">
        <State
          tone={isAway && verdict.tone === "ok" ? "attention" : verdict.tone}
          word={verdict.words}
        />
      </p>
      {isAway ? (
        <p>
          The broker is away: what publishers have accepted since this audit is not known. Their
          outboxes keep it.
        </p>
      ) : null}
      {problem === null ? null : <p>The last audit could not be made: {problem}</p>}
      {publishers.length === 0 && audit.atMs !== null ? (
        <Empty title="No publisher has an outbox yet">
          <p>
            Weir's publisher and device agent number what they send, so that nothing can be missing
            without being seen. Messages of other publishers are stored, and cannot be counted.
          </p>
        </Empty>
      ) : null}
      {publishers.length === 0 ? null : (
        <Wide label="Publishers">
          <table>
            <thead>
              <tr>
                <th scope="col">Publisher</th>
                {["Accepted", "Stored", "Waiting", "Abandoned", "Missing"].map((title) => (
                  <th scope="col" class="number" key={title}>
                    {title}
                  </th>
                ))}
                <th scope="col">Newest</th>
              </tr>
            </thead>
            <tbody>
              {publishers.map((publisher) => (
                <PublisherRow key={publisher.publisher} publisher={publisher} />
              ))}
            </tbody>
          </table>
        </Wide>
      )}
      {unsequenced === 0 ? null : (
        <p class="quiet">
          {format.value.count(unsequenced)} messages came from publishers without an outbox. They
          are stored; whether others are missing cannot be known.
        </p>
      )}
      {hints.map((hint) => (
        <p class="quiet" key={hint}>
          {hint}
        </p>
      ))}
    </>
  );
}

function PublisherRow({ publisher: one }: { publisher: Publisher }) {
  const { count } = format.value;
  const number = (value: number | null) => (value === null ? "–" : count(value));
  const tone = publisherTone(one);
  const hasMore = one.doubts.length > 0 || one.missingRanges.length > 0;
  return (
    <>
      <tr>
        <th scope="row">
          <State tone={tone} word={one.publisher} />
        </th>
        <td class="number">{number(one.accepted)}</td>
        <td class="number">{count(one.stored)}</td>
        <td class="number">{number(one.waiting)}</td>
        <td class="number">{count(one.abandoned)}</td>
        <td class={one.missing > 0 ? "number wrong" : "number"}>{count(one.missing)}</td>
        <td>
          <Age atMs={one.lastReceivedMs} />
        </td>
      </tr>
      {hasMore ? (
        <tr class="more">
          <td colSpan={7}>
            {one.doubts.map((doubt) => (
              <p class="quiet" key={doubt}>
                {doubt}
              </p>
            ))}
            {one.missingRanges.length === 0 ? null : (
              <details>
                <summary>Which are missing</summary>
                <ul>
                  {one.missingRanges.map(({ stream, topic, ranges }) => (
                    <li key={`${stream} ${topic}`}>
                      <code>{topic}</code> <span class="quiet">of {stream}:</span>{" "}
                      {ranges
                        .map(([from, to]) => (from === to ? from : `${from}–${to}`))
                        .join(", ")}
                    </li>
                  ))}
                </ul>
              </details>
            )}
          </td>
        </tr>
      ) : null}
    </>
  );
}
