/** What the server tells as it happens: a stream of server-sent events. */

import { searchParams, type Param } from "./api/client";
import type { ProblemDocument } from "./api/types";

export type Listeners = Record<string, (data: never) => void>;

/** A tail that can be seen to live, to be behind, and to have ended. */
export class Tail {
  state = $state<"connecting" | "live" | "ended">("connecting");
  /** How many the server left out because there were too many. */
  skipped = $state(0);
  problem = $state.raw<ProblemDocument | undefined>(undefined);
  #source: EventSource;

  constructor(path: string, params: Record<string, Param>, listeners: Listeners) {
    this.#source = new EventSource(`/api/v1${path}${searchParams(params)}`);
    this.#source.onopen = () => (this.state = "live");
    this.#source.onerror = () => {
      // The browser tries again by itself, unless the server refused.
      this.state = this.#source.readyState === EventSource.CLOSED ? "ended" : "connecting";
    };
    for (const [name, listener] of Object.entries(listeners))
      this.#source.addEventListener(name, (event) => listener(parse(event) as never));
    this.#source.addEventListener("behind", (event) => {
      this.skipped += (parse(event) as { skipped: number }).skipped;
    });
    this.#source.addEventListener("problem", (event) => {
      this.problem = parse(event) as ProblemDocument;
      this.close();
    });
  }

  close(): void {
    this.#source.close();
    this.state = "ended";
  }
}

function parse(event: Event): unknown {
  return JSON.parse((event as MessageEvent<string>).data);
}
