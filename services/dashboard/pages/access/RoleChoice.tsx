/** What somebody may do, as a field of a form. */
export function RoleChoice() {
  return (
    <label class="field">
      Role
      <select name="role">
        <option value="viewer">viewer: sees everything</option>
        <option value="operator">operator: also commands, deletes, manages users</option>
      </select>
    </label>
  );
}
