import { Page } from "../shell/Page.tsx";
import { Audit } from "./Audit.tsx";
import { Rejections } from "./Rejections.tsx";
import { Services } from "./Services.tsx";
import { Streams } from "./Streams.tsx";

/** Whether anything is lost, what the streams take, what was rejected, and how the services are. */
export function System() {
  return (
    <Page title="System">
      <Audit />
      <Streams />
      <Rejections />
      <Services />
    </Page>
  );
}
