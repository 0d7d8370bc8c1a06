import { Dialog } from "../parts/Dialog.tsx";
import { isHelpOpen, PLACES } from "./shortcuts.ts";

/** The keys, and what the words of the pages mean. */
export function Help() {
  return (
    <Dialog
      title="Help"
      name="help"
      onClose={() => {
        isHelpOpen.value = false;
      }}
    >
      <h3>Keys</h3>
      <dl class="keys">
        <Keys keys={["/"]} does="search devices and series" />
        <Keys keys={["?"]} does="this help" />
        {PLACES.map(({ key, title }) => (
          <Keys key={key} keys={["g", key]} does={title} />
        ))}
        <Keys keys={["←", "→"]} does="on a chart: earlier, later" />
        <Keys keys={["Esc"]} does="close what is open" />
      </dl>
      <h3>Words</h3>
      <dl class="words">
        <dt>all stored</dt>
        <dd>Each message that a publisher with an outbox has accepted is on the disk.</dd>
        <dt>logger away</dt>
        <dd>Nothing is stored now. Publishers with an outbox keep what they send.</dd>
        <dt>behind by 120</dt>
        <dd>120 messages are stored and not in the statistics yet. They will be.</dd>
        <dt>3 missing</dt>
        <dd>Three accepted messages are not in the store. System shows whose they are.</dd>
        <dt>online, offline</dt>
        <dd>The device says so itself, by its birth and its will.</dd>
        <dt>heard, silent</dt>
        <dd>It does not say. It was heard as often as usual, or not for a long time.</dd>
        <dt>run</dt>
        <dd>One time that a workflow did something, with its path, values and actions.</dd>
        <dt>new, acknowledged, cleared</dt>
        <dd>An alert that nobody has seen; that somebody looks after; that is over.</dd>
        <dt>series</dt>
        <dd>
          One number over time. Its name is <code>stream:topic#path</code>.
        </dd>
      </dl>
    </Dialog>
  );
}

function Keys({ keys, does }: { keys: readonly string[]; does: string }) {
  return (
    <div>
      <dt>
        {keys.map((key) => (
          <kbd key={key}>{key}</kbd>
        ))}
      </dt>
      <dd>{does}</dd>
    </div>
  );
}
