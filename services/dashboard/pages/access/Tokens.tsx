import { useState } from "preact/hooks";
import { api, RequestError } from "../api.ts";
import { Copyable } from "../parts/Copyable.tsx";
import { Dialog } from "../parts/Dialog.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Age, Time } from "../parts/Value.tsx";
import { text } from "./Entrance.tsx";
import { RoleChoice } from "./RoleChoice.tsx";

/** Tokens with which programs use the API. */
export function Tokens() {
  const tokens = useLoaded("tokens", api.tokens);
  const [isAdding, setIsAdding] = useState(false);
  const [removal, setRemoval] = useState<RequestError | null>(null);
  const remove = async (id: string): Promise<void> => {
    setRemoval(null);
    try {
      await api.removeToken(id);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRemoval(error);
    }
    tokens.reload();
  };
  const problem = removal ?? tokens.problem;
  return (
    <section aria-labelledby="tokens-title">
      <header class="section-head">
        <h2 id="tokens-title">API tokens</h2>
        <button type="button" class="plain" onClick={() => setIsAdding(true)}>
          Make a token
        </button>
      </header>
      {problem === null ? null : <ErrorNote problem={problem} retry={tokens.reload} />}
      {tokens.value === null ? (
        <Skeleton />
      ) : tokens.value.tokens.length === 0 ? (
        <p class="quiet">
          None yet. A program sends its token as <code>Authorization: Bearer …</code>; what it may
          ask is in <code>/api/v1/openapi.json</code>.
        </p>
      ) : (
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Since</th>
                <th scope="col">Used</th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {tokens.value.tokens.map(({ id, name, role, madeMs, usedMs }) => (
                <tr key={id}>
                  <td>{name}</td>
                  <td>{role}</td>
                  <td>
                    <Time atMs={madeMs} />
                  </td>
                  <td>
                    <Age atMs={usedMs} />
                  </td>
                  <td class="number">
                    <button type="button" class="link" onClick={() => void remove(id)}>
                      Remove
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isAdding ? (
        <AddToken
          onClose={() => {
            setIsAdding(false);
            tokens.reload();
          }}
        />
      ) : null}
    </section>
  );
}

function AddToken({ onClose }: { onClose: () => void }) {
  const [problem, setProblem] = useState<RequestError | null>(null);
  const [secret, setSecret] = useState<string | null>(null);
  const add = async (fields: FormData): Promise<void> => {
    try {
      const made = await api.addToken({
        name: text(fields, "name"),
        role: text(fields, "role") === "operator" ? "operator" : "viewer",
      });
      setSecret(made.secret);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
    }
  };
  if (secret !== null) {
    return (
      <Dialog title="The new token" onClose={onClose}>
        <p>Keep it now: it is shown this once.</p>
        <Copyable text={secret} label="Token" />
      </Dialog>
    );
  }
  return (
    <Dialog title="Make a token" onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add(new FormData(event.currentTarget));
        }}
      >
        <label class="field">
          Name
          <input name="name" autocomplete="off" maxLength={64} required autofocus />
          <span class="hint">The program that will use it.</span>
        </label>
        <RoleChoice />
        {problem === null ? null : <ErrorNote problem={problem} />}
        <footer>
          <button type="submit" class="main">
            Make the token
          </button>
        </footer>
      </form>
    </Dialog>
  );
}
