/** The fields that records have, as the server tells them; asked for once. */

import { api } from "./api/client";
import type { FieldInfo } from "./api/types";

class FieldTable {
  list = $state.raw<FieldInfo[]>([]);
  readonly byName = $derived(new Map(this.list.map((field) => [field.name, field])));
  #asked: Promise<void> | null = null;

  load(): Promise<void> {
    this.#asked ??= api
      .get<{ fields: FieldInfo[] }>("/fields")
      .then((answer) => void (this.list = answer.fields))
      // The next page that needs them asks again.
      .catch(() => void (this.#asked = null));
    return this.#asked;
  }
}

export const fields = new FieldTable();

/** What a table of events shows unless somebody chose otherwise. */
export const COLUMNS = [
  "event.action",
  "event.outcome",
  "user.name",
  "source.ip",
  "source.geo.country_name",
];

/** What is counted beside a search unless somebody chose otherwise. */
export const FACETS = [
  "event.outcome",
  "event.action",
  "user.name",
  "source.ip",
  "source.geo.country_name",
  "user_agent.os.name",
];
