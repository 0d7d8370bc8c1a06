import { useState } from "preact/hooks";
import { api, RequestError } from "../api.ts";
import { Dialog } from "../parts/Dialog.tsx";
import { useLoaded } from "../parts/loaded.ts";
import { ErrorNote, Skeleton } from "../parts/Notes.tsx";
import { Time } from "../parts/Value.tsx";
import { NewPassword, text } from "./Entrance.tsx";
import { RoleChoice } from "./RoleChoice.tsx";

/** Who may sign in. */
export function Users({ own }: { own: string }) {
  const users = useLoaded("users", api.users);
  const [isAdding, setIsAdding] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const [refusal, setRefusal] = useState<RequestError | null>(null);
  const changeRole = async (name: string, value: string): Promise<void> => {
    setRefusal(null);
    try {
      await api.changeUser(name, { role: value === "operator" ? "operator" : "viewer" });
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setRefusal(error);
    }
    users.reload();
  };
  const problem = refusal ?? users.problem;
  return (
    <section aria-labelledby="users-title">
      <header class="section-head">
        <h2 id="users-title">Users</h2>
        <button type="button" class="plain" onClick={() => setIsAdding(true)}>
          Add a user
        </button>
      </header>
      {problem === null ? null : <ErrorNote problem={problem} retry={users.reload} />}
      {users.value === null ? (
        <Skeleton />
      ) : (
        <div class="wide">
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col">Role</th>
                <th scope="col">Since</th>
                <th scope="col">
                  <span class="hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {users.value.users.map(({ name, role, madeMs }) => (
                <tr key={name}>
                  <td>{name}</td>
                  <td>
                    {name === own ? (
                      role
                    ) : (
                      <select
                        aria-label={`Role of ${name}`}
                        value={role}
                        onChange={({ currentTarget: { value } }) => void changeRole(name, value)}
                      >
                        <option>viewer</option>
                        <option>operator</option>
                      </select>
                    )}
                  </td>
                  <td>
                    <Time atMs={madeMs} />
                  </td>
                  <td class="number">
                    {name === own ? (
                      <span class="quiet">you</span>
                    ) : (
                      <button type="button" class="link" onClick={() => setRemoving(name)}>
                        Remove
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {isAdding ? (
        <AddUser
          onClose={() => {
            setIsAdding(false);
            users.reload();
          }}
        />
      ) : null}
      {removing === null ? null : (
        <RemoveUser
          name={removing}
          onClose={() => {
            setRemoving(null);
            users.reload();
          }}
        />
      )}
    </section>
  );
}

function AddUser({ onClose }: { onClose: () => void }) {
  const [problem, setProblem] = useState<RequestError | null>(null);
  const add = async (fields: FormData): Promise<void> => {
    try {
      await api.addUser({
        name: text(fields, "name"),
        password: text(fields, "password"),
        role: text(fields, "role") === "operator" ? "operator" : "viewer",
      });
      onClose();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
    }
  };
  return (
    <Dialog title="Add a user" onClose={onClose}>
      <form
        class="dialog-form"
        onSubmit={(event) => {
          event.preventDefault();
          void add(new FormData(event.currentTarget));
        }}
      >
        <label class="field">
          Name
          <input name="name" autocomplete="off" autocapitalize="none" required autofocus />
          <span class="hint">Letters, digits, dots, underscores or hyphens.</span>
        </label>
        <NewPassword />
        <RoleChoice />
        {problem === null ? null : <ErrorNote problem={problem} />}
        <footer>
          <button type="submit" class="main">
            Add the user
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function RemoveUser({ name, onClose }: { name: string; onClose: () => void }) {
  const [problem, setProblem] = useState<RequestError | null>(null);
  const remove = async (): Promise<void> => {
    try {
      await api.removeUser(name);
      onClose();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      setProblem(error);
    }
  };
  return (
    <Dialog title={`Remove ${name}`} onClose={onClose}>
      <p>{`${name} is signed out everywhere and cannot sign in any more.`}</p>
      {problem === null ? null : <ErrorNote problem={problem} />}
      <footer>
        <button type="button" class="main danger" onClick={() => void remove()}>
          {`Remove ${name}`}
        </button>
      </footer>
    </Dialog>
  );
}
