/** Who is signed in, and what they may do. */

import { api, onCsrfRefused, onUnauthenticated, Problem, useCsrfToken } from "./api/client";
import type { Meta, Role, SessionState } from "./api/types";

const RANK: Record<Role, number> = { viewer: 0, analyst: 1, admin: 2 };

class Session {
  /** Nothing until the server has said. */
  state = $state.raw<SessionState | undefined>(undefined);
  problem = $state.raw<Problem | undefined>(undefined);
  meta = $state.raw<Meta | undefined>(undefined);

  readonly user = $derived(this.state?.user ?? null);
  /** May work on alerts, exceptions and saved searches. */
  readonly isAnalyst = $derived(this.#is("analyst"));
  /** May change rules, intakes, users, and read the audit log. */
  readonly isAdmin = $derived(this.#is("admin"));

  #is(role: Role): boolean {
    const own = this.state?.user?.role;
    return own !== undefined && RANK[own] >= RANK[role];
  }

  take(state: SessionState): void {
    useCsrfToken(state.csrf);
    this.state = state;
    if (state.user && !this.meta) void this.#readMeta();
  }

  async #readMeta(): Promise<void> {
    this.meta = await api.get<Meta>("/meta").catch(() => undefined);
  }

  async start(): Promise<void> {
    onUnauthenticated(() => {
      if (this.state) this.take({ ...this.state, user: null, csrf: null });
    });
    onCsrfRefused(() => this.read());
    await this.read();
  }

  async read(): Promise<void> {
    try {
      this.take(await api.get<SessionState>("/session"));
      this.problem = undefined;
    } catch (error) {
      this.problem = Problem.from(error);
    }
  }

  async signOut(): Promise<void> {
    await api.delete("/session");
    await this.read();
  }
}

export const session = new Session();
