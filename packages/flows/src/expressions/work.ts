/** The longest text that an expression takes from the data, or makes. */
const TEXT_LENGTH_MAX = 10_000;
/** The longest list that `all`, `exists`, `filter` and `map` go through, or that an expression makes. */
const LIST_LENGTH_MAX = 1_000;
/** How deeply nested a value may be that is compared or handed to a function, and how many values it may hold. */
const DEPTH_MAX = 4;
const VALUES_MAX = 10_000;
/** What one evaluation may take: so many values are looked at, or a hundred times as many characters. */
const WORK_MAX = 200_000;
const CHARACTERS_AT_ONCE = 100;

/** What an expression may still do while it is evaluated. */
export class Work {
  #left = WORK_MAX;

  begin(): void {
    this.#left = WORK_MAX;
  }

  /** Looks at so many characters. @throws Error where it is too much. */
  look(characters: number): void {
    this.#spend(characters / CHARACTERS_AT_ONCE);
  }

  /**
   * Goes on with a value.
   *
   * @param isList it is only gone through.
   * @param isRead it is a part of the data: then what is gone through may be large, but not what is made of it.
   * @throws Error where it is too long, too deeply nested, or too much.
   */
  take(value: unknown, { isList, isRead }: { isList: boolean; isRead: boolean }): void {
    this.#spend(1);
    if (typeof value === "string") {
      if (value.length > TEXT_LENGTH_MAX) {
        throw new Error(`a text is longer than ${TEXT_LENGTH_MAX} characters`);
      }
      this.look(value.length);
    }
    if (typeof value !== "object" || value === null) return;
    if (isList && Array.isArray(value) && value.length > LIST_LENGTH_MAX) {
      throw new Error(`a list has more than ${LIST_LENGTH_MAX} elements`);
    }
    if (!isList && depthOf(value) > DEPTH_MAX) {
      throw new Error(`a value is nested more than ${DEPTH_MAX} deep: name a part of it`);
    }
    if (!isList || !isRead) this.#spend(valuesIn(value));
  }

  #spend(amount: number): void {
    this.#left -= amount;
    if (this.#left < 0) throw new Error("it takes too long with this data: name less of it");
  }
}

/**
 * How many values it holds. The same one counts each time that it is held: so it would be written, and compared.
 *
 * @throws Error where they are too many.
 */
function valuesIn(value: object): number {
  const left: object[] = [value];
  let values = 0;
  for (let of = left.pop(); of !== undefined; of = left.pop()) {
    const inner: readonly unknown[] = Array.isArray(of) ? of : Object.values(of);
    values += inner.length;
    if (values > VALUES_MAX) {
      throw new Error(`a value holds more than ${VALUES_MAX} others: name a part of it`);
    }
    for (const one of inner) if (typeof one === "object" && one !== null) left.push(one);
  }
  return values;
}

/** As deep as the library looks to find a value's type: by the first elements. */
function depthOf(value: unknown): number {
  let depth = 0;
  for (let of = value; typeof of === "object" && of !== null && depth <= DEPTH_MAX; depth += 1) {
    of = firstOf(of);
  }
  return depth;
}

function firstOf(value: object): unknown {
  for (const key in value) {
    if (Object.hasOwn(value, key)) return (value as Readonly<Record<string, unknown>>)[key];
  }
  return undefined;
}
