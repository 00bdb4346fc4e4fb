/** Short messages about what was just done, read out by screen readers. */

import { Problem } from "./api/client";

export interface Toast {
  id: number;
  text: string;
  isProblem: boolean;
  action?: { label: string; run: () => void };
}

const SECONDS = 6;

class Toasts {
  list = $state.raw<Toast[]>([]);
  #next = 0;

  say(text: string, action?: Toast["action"]): void {
    this.#add({ text, isProblem: false, action });
  }

  fail(error: unknown): void {
    this.#add({ text: Problem.from(error).message, isProblem: true });
  }

  drop(id: number): void {
    this.list = this.list.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, "id">): void {
    const id = this.#next++;
    this.list = [...this.list.slice(-2), { ...toast, id }];
    // What went wrong stays until it is read.
    if (!toast.isProblem) setTimeout(() => this.drop(id), SECONDS * 1000);
  }
}

export const toasts = new Toasts();
