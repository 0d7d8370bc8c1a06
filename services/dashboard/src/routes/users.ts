import { z } from "zod";
import type { Access } from "../access/access.ts";
import {
  newToken,
  tokenParameters,
  tokenRequest,
  tokens as tokensAnswer,
  user,
  userChange,
  userParameters,
  userRequest,
  users as usersAnswer,
} from "../contract/access.ts";
import type { Api } from "../http/server.ts";

const nothing = z.null();

/** Operators manage users and tokens. */
export function userRoutes(api: Api, access: Access): void {
  const { users, tokens, passwords, clock } = access;
  const config = { role: "operator" } as const;

  api.get("/api/v1/users", { config, schema: { response: { 200: usersAnswer } } }, () => ({
    users: users.list(),
  }));

  api.post(
    "/api/v1/users",
    { config, schema: { body: userRequest, response: { 201: user } } },
    async ({ body }, reply) => {
      const password = await passwords.hash(body.password);
      reply.code(201);
      return users.add(body.name, password, body.role, clock.now());
    },
  );

  api.patch(
    "/api/v1/users/:name",
    { config, schema: { params: userParameters, body: userChange, response: { 200: user } } },
    async ({ params: { name }, body: { role, password } }) => {
      const changed = users.get(name);
      if (role !== undefined) users.setRole(name, role);
      if (password !== undefined) await access.changePassword(changed, password);
      return users.get(name);
    },
  );

  api.delete(
    "/api/v1/users/:name",
    { config, schema: { params: userParameters, response: { 204: nothing } } },
    ({ params }, reply) => {
      users.remove(params.name);
      reply.code(204);
      return null;
    },
  );

  api.get("/api/v1/tokens", { config, schema: { response: { 200: tokensAnswer } } }, () => ({
    tokens: tokens.list(),
  }));

  api.post(
    "/api/v1/tokens",
    { config, schema: { body: tokenRequest, response: { 201: newToken } } },
    ({ body }, reply) => {
      reply.code(201);
      return tokens.add(body.name, body.role);
    },
  );

  api.delete(
    "/api/v1/tokens/:id",
    { config, schema: { params: tokenParameters, response: { 204: nothing } } },
    ({ params }, reply) => {
      tokens.remove(params.id);
      reply.code(204);
      return null;
    },
  );
}
