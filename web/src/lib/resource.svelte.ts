/** What a page has loaded, is loading, or could not load. */

import { untrack } from "svelte";

import { isAbort, Problem } from "./api/client";

export type Load<T> = (signal: AbortSignal) => Promise<T>;

/** An answer that stays in view while the next one is on its way. */
export class Resource<T> {
  data = $state.raw<T | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  loading = $state(false);
  #load: Load<T> | null = null;
  #running: AbortController | null = null;

  /** Loads, and gives up what was under way. */
  async load(load: Load<T>): Promise<void> {
    this.#running?.abort();
    const controller = new AbortController();
    this.#running = controller;
    this.#load = load;
    this.loading = true;
    try {
      const data = await load(controller.signal);
      if (controller.signal.aborted) return;
      this.data = data;
      this.problem = undefined;
    } catch (error) {
      if (controller.signal.aborted || isAbort(error)) return;
      this.problem = Problem.from(error);
    }
    this.loading = false;
  }

  /** Loads the same again. */
  async again(): Promise<void> {
    if (this.#load) await this.load(this.#load);
  }

  stop(): void {
    this.#running?.abort();
    this.loading = false;
  }
}

/**
 * A resource that loads whenever something changes that `prepare` reads. `prepare` gives what
 * loads, or nothing as long as there is nothing to load. Call it while a component begins.
 *
 * `every`: milliseconds after which it loads again, as long as the page is visible.
 */
export function resource<T>(prepare: () => Load<T> | null, every?: number): Resource<T> {
  const made = new Resource<T>();
  $effect(() => {
    const load = prepare();
    if (load) untrack(() => void made.load(load));
    return () => untrack(() => made.stop());
  });
  if (every !== undefined) {
    $effect(() => {
      const timer = setInterval(() => {
        if (!document.hidden && !made.loading) void made.again();
      }, every);
      return () => clearInterval(timer);
    });
  }
  return made;
}
