import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { Account } from "./access/Account.tsx";
import { Setup, SignIn } from "./access/Entrance.tsx";
import { api, session } from "./api.ts";
import { Device } from "./device/Device.tsx";
import { Devices } from "./devices/Devices.tsx";
import { Overview } from "./overview/Overview.tsx";

import { useLoaded } from "./parts/loaded.ts";
import { Empty, ErrorNote } from "./parts/Notes.tsx";
import { place } from "./router.ts";
import { SeriesPage } from "./series/SeriesPage.tsx";
import { Frame } from "./shell/Frame.tsx";
import { lazily } from "./shell/Lazy.tsx";
import { Page } from "./shell/Page.tsx";
import { System } from "./system/System.tsx";

const Workflows = lazily("Workflows", async () => {
  return (await import("./workflows/Workflows.tsx")).Workflows;
});
const Runs = lazily("Runs", async () => (await import("./workflows/Runs.tsx")).Runs);
const Run = lazily("Run", async () => (await import("./workflows/Run.tsx")).Run);
const NodeTypes = lazily("Types of nodes", async () => {
  return (await import("./workflows/NodeTypes.tsx")).NodeTypes;
});
const WorkflowCanvas = lazily("Workflow", async () => {
  return (await import("./canvas/CanvasPage.tsx")).CanvasPage;
});
const Alerts = lazily("Alerts", async () => (await import("./alerts/Alerts.tsx")).Alerts);

/** Everything: who asks decides whether it is the entrance or the pages. */
export function App() {
  const first = useLoaded("session", api.session);
  useEffect(() => {
    if (first.value !== null) session.value = first.value;
  }, [first.value]);
  const state = session.value?.state;
  if (state === undefined) {
    return first.problem === null ? null : (
      <main class="entrance">
        <ErrorNote problem={first.problem} retry={first.reload} />
      </main>
    );
  }
  if (state === "setup") return <Setup />;
  if (state === "signed out") return <SignIn />;
  return <Frame>{pageOf(place.value.path)}</Frame>;
}

function pageOf(path: string): ComponentChildren {
  switch (path) {
    case "/":
      return <Overview />;
    case "/devices":
      return <Devices />;
    case "/series":
      return <SeriesPage />;
    case "/workflows":
      return <Workflows />;
    case "/workflows/runs":
      return <Runs />;
    case "/workflows/nodes":
      return <NodeTypes />;
    case "/alerts":
      return <Alerts />;
    case "/system":
      return <System />;
    case "/account":
      return <Account />;
  }
  const device = /^\/devices\/(.+)$/.exec(path)?.[1];
  if (device !== undefined) return <Device id={idIn(device)} />;
  const run = /^\/workflows\/runs\/(\d+)$/.exec(path)?.[1];
  if (run !== undefined) return <Run id={Number(run)} />;
  const file = /^\/workflows\/files\/([\w-]{1,64})$/.exec(path)?.[1];
  if (file !== undefined) return <WorkflowCanvas file={file} />;
  return (
    <Page title="Nothing is here">
      <Empty title="There is no such page">
        <p>
          The address may be of an older version. The <a href="/">overview</a> leads on.
        </p>
      </Empty>
    </Page>
  );
}

/** An address that somebody has typed may not be a percent encoding. */
function idIn(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
