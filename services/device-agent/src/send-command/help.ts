import { EXIT_CODES } from "@weir/fault";
import { NO_ANSWER_CODE, OUTCOME_CODES, REFUSED_CODE } from "./exit-codes.ts";

const outcomes = Object.entries(OUTCOME_CODES)
  .map(([status, code]) => `${code} ${status}`)
  .join(", ");

export const SEND_COMMAND_HELP = `npm run command -- DEVICE [COMMAND [PAYLOAD]] [options]

Sends a command to a device and shows what becomes of it, until it ends. Without a command it asks
the device which there are.

  npm run command -- kitchen
  npm run command -- kitchen change_send_interval 30
  npm run command -- kitchen set_source '["walk"]' --timeout 5s

A payload that is JSON is sent as such, anything else as text.

Options:
  --timeout SPAN   how long to wait for the end; default 60s (500ms, 30s, 5m, 2h)
  --expires SPAN   after this time the device must not begin any more; default the timeout
  --id ID          the command's id; default a new one. The device executes an id once at most
  --prefix TOPIC   the first levels of the device's topics; default devices
  --broker URL     default BROKER or BROKER_URL of the environment or of .env, which also have user
                   and password (BROKER_USERNAME, BROKER_PASSWORD): a password here is refused
  --list           asks the device what it obeys, and prints that
  --json           prints each answer as one line of JSON
  --help

Exit codes: ${outcomes}, ${NO_ANSWER_CODE} no answer in time,
${EXIT_CODES.unavailable} no broker, ${REFUSED_CODE} refused by the broker, ${EXIT_CODES.configuration} wrong arguments, 130 Ctrl-C.
`;
