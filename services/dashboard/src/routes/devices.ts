import {
  connections,
  device,
  deviceLog,
  deviceParameters,
  devicesPage,
  devicesQuery,
  newestQuery,
  states,
} from "../contract/devices.ts";
import type { Devices } from "../devices/devices.ts";
import type { Api } from "../http/server.ts";

/** The devices that there are, and what each says: its log, its states, why it comes and goes. */
export function deviceRoutes(api: Api, devices: Devices): void {
  const { book, rows } = devices;
  const tags = ["devices"];
  api.get(
    "/api/v1/devices",
    {
      schema: {
        summary: "Find devices",
        tags,
        querystring: devicesQuery,
        response: { 200: devicesPage },
      },
    },
    ({ query: { text, offset, limit } }) => {
      const found = book.search(text);
      const shown = found.slice(offset, offset + limit);
      return { total: found.length, devices: shown.map((one) => book.describe(one)) };
    },
  );
  api.get(
    "/api/v1/devices/:id",
    {
      schema: {
        summary: "One device, by its id in percent encoding",
        tags,
        params: deviceParameters,
        response: { 200: device },
      },
    },
    ({ params }) => book.describe(book.find(params.id)),
  );

  const ofOne = { params: deviceParameters, querystring: newestQuery };
  api.get(
    "/api/v1/devices/:id/log",
    {
      schema: {
        summary: "The newest lines of a device's log",
        tags,
        ...ofOne,
        response: { 200: deviceLog },
      },
    },
    ({ params, query }) => ({ entries: rows.log(book.find(params.id), query.limit) }),
  );
  api.get(
    "/api/v1/devices/:id/states",
    {
      schema: {
        summary: "The newest payloads of a device, and how they were read",
        tags,
        ...ofOne,
        response: { 200: states },
      },
    },
    ({ params, query }) => ({ states: rows.states(book.find(params.id), query.limit) }),
  );
  api.get(
    "/api/v1/devices/:id/connections",
    {
      schema: {
        summary: "When and why a device has come and gone",
        tags,
        ...ofOne,
        response: { 200: connections },
      },
    },
    ({ params, query }) => devices.connections(book.find(params.id), query.limit),
  );
}
