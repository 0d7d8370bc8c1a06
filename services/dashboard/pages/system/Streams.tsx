import type { infer as Of } from "zod";
import type { stream as streamShape, streams as streamsShape } from "../../src/contract/system.ts";
import { api } from "../api.ts";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { State } from "../parts/State.tsx";
import { Age } from "../parts/Value.tsx";
import { Wide } from "../parts/Wide.tsx";
import { format } from "../preferences.ts";
import { diskWords, historyWords, retentionWords } from "./stream-words.ts";

const EVERY_MS = 5_000;

/** The configured logs: how fast they grow, how long they are kept, and when the disk is full. */
export function Streams() {
  const { value, problem, reload } = useLoaded("streams", api.streams, { everyMs: EVERY_MS });
  return (
    <section class="card system" id="streams" aria-labelledby="streams-title">
      <header class="system-head">
        <h2 id="streams-title">Streams</h2>
        {value?.measuredMs == null ? null : (
          <span class="quiet">
            disk measured <Age atMs={value.measuredMs} />
          </span>
        )}
      </header>
      {problem === null ? null : <ErrorNote problem={problem} retry={reload} />}
      {value === null && problem === null ? <Skeleton lines={4} /> : null}
      {value === null ? null : (
        <>
          <Disk disk={value.disk} />
          <Backup backup={value.backup} />
          <Wide label="Table of streams">
            <table>
              <thead>
                <tr>
                  <th scope="col">Stream</th>
                  <th scope="col" class="number">
                    Messages
                  </th>
                  <th scope="col" class="number">
                    Lag
                  </th>
                  <th scope="col">Newest</th>
                  <th scope="col" class="number">
                    Series
                  </th>
                  <th scope="col" class="number">
                    Disk
                  </th>
                  <th scope="col">Kept</th>
                  <th scope="col">History</th>
                </tr>
              </thead>
              <tbody>
                {value.streams.map((one) => (
                  <StreamRow key={one.name} stream={one} />
                ))}
              </tbody>
            </table>
          </Wide>
        </>
      )}
    </section>
  );
}

function StreamRow({ stream }: { stream: Of<typeof streamShape> }) {
  const { count, number, bytes, duration } = format.value;
  const { messagesPerSecond, lagSeconds, bytesPerDay } = stream;
  return (
    <tr>
      <th scope="row">
        {stream.name}
        <span class="quiet filters">{stream.filters.join(", ")}</span>
      </th>
      <td class="number">{messagesPerSecond === null ? "–" : `${number(messagesPerSecond)} /s`}</td>
      <td class="number">{lagSeconds === null ? "–" : duration(lagSeconds * 1_000)}</td>
      <td>
        <Age atMs={stream.newestMs} />
      </td>
      <td class="number">{count(stream.series)}</td>
      <td class="number">
        {stream.bytes === null ? "–" : bytes(stream.bytes)}
        {bytesPerDay === null ? null : <span class="quiet">+{bytes(bytesPerDay)} a day</span>}
      </td>
      <td class="time">{retentionWords(stream, format.value)}</td>
      <td class="time">
        {historyWords(stream, format.value)}
        {stream.historyBytes === null || stream.historyBytes === 0 ? null : (
          <span class="quiet">{bytes(stream.historyBytes)}</span>
        )}
      </td>
    </tr>
  );
}

function Disk({ disk }: { disk: Of<typeof streamsShape>["disk"] }) {
  if (disk === null) return null;
  const { tone, words } = diskWords(disk, Date.now(), format.value);
  return (
    <div class="disk">
      <meter
        aria-label="Disk in use"
        min={0}
        max={disk.totalBytes}
        value={disk.totalBytes - disk.freeBytes}
      />
      <State tone={tone} word={words} />
    </div>
  );
}

function Backup({ backup }: { backup: Of<typeof streamsShape>["backup"] }) {
  if (backup === null) return null;
  const { endedMs, problem } = backup;
  const word = problem === null ? "Backed up" : `Backup: ${problem}`;
  return (
    <div class="disk">
      <State tone={problem === null ? "ok" : "attention"} word={word} />
      {endedMs === null ? null : (
        <span class="quiet">
          newest snapshot <Age atMs={endedMs} />
        </span>
      )}
    </div>
  );
}
