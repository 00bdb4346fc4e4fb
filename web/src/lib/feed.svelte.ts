/** The one tail of alerts that all pages listen to, and how many alerts nobody has looked at. */

import { api } from "./api/client";
import type { AlertPage, AlertSummary } from "./api/types";
import { Tail } from "./tail.svelte";

type Listener = (alert: AlertSummary, isChange: boolean) => void;

/** How long to wait before the number is asked for again, in milliseconds. */
const PAUSE = 1500;

class Feed {
  fresh = $state<number | undefined>(undefined);
  tail = $state.raw<Tail | undefined>(undefined);
  #listeners = new Set<Listener>();
  #counting: ReturnType<typeof setTimeout> | undefined;

  /** Begins to listen. Gives what ends that. */
  start(): () => void {
    const tail = new Tail(
      "/alerts/tail",
      {},
      {
        alert: (alert: AlertSummary) => this.#tell(alert, false),
        change: (alert: AlertSummary) => this.#tell(alert, true),
      },
    );
    this.tail = tail;
    void this.#count();
    return () => {
      tail.close();
      clearTimeout(this.#counting);
      this.tail = undefined;
    };
  }

  /** Is told of each alert that comes or changes, until what it gives is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #tell(alert: AlertSummary, isChange: boolean): void {
    for (const listener of this.#listeners) listener(alert, isChange);
    clearTimeout(this.#counting);
    this.#counting = setTimeout(() => void this.#count(), PAUSE);
  }

  async #count(): Promise<void> {
    const page = await api
      .get<AlertPage>("/alerts", { state: "new", limit: 1 })
      .catch(() => undefined);
    if (page) this.fresh = page.total;
  }
}

export const feed = new Feed();
