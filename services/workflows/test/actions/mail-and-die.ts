import { createTestContext } from "@weir/testkit";
import { Sending } from "./sending.ts";

// A process with one mail to send. The test kills it.
const [file = "", config = "", whenUncertain] = process.argv.slice(2);
const sending = new Sending(file, JSON.parse(config), createTestContext());
sending.add(whenUncertain === "resend" ? "resend" : "say");
