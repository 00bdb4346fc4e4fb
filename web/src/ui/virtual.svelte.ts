/** A long list of which only what is in view is drawn: TanStack's virtualiser, told to Svelte. */

import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from "@tanstack/virtual-core";
import { untrack } from "svelte";

type Rows = Virtualizer<HTMLElement, HTMLElement>;

export class VirtualList {
  items = $state.raw<VirtualItem[]>([]);
  height = $state(0);
  #rows: Rows | undefined;

  /** Follows a scrolling element. Call it while a component begins. */
  constructor(element: () => HTMLElement | undefined, count: () => number, size: () => number) {
    $effect(() => {
      const into = element();
      const [number, high] = [count(), size()];
      if (!into) return;
      return untrack(() => {
        const before = this.#rows;
        const rows: Rows = new Virtualizer<HTMLElement, HTMLElement>({
          count: number,
          getScrollElement: () => into,
          estimateSize: () => high,
          overscan: 12,
          initialOffset: into.scrollTop,
          initialRect: before?.scrollRect ?? { width: 0, height: 600 },
          scrollToFn: elementScroll,
          observeElementRect,
          observeElementOffset,
          onChange: (changed) => this.#take(changed),
        });
        this.#rows = rows;
        const stop = rows._didMount();
        rows._willUpdate();
        this.#take(rows);
        return stop;
      });
    });
  }

  #take(rows: Rows): void {
    this.items = rows.getVirtualItems();
    this.height = rows.getTotalSize();
  }

  /** Brings a row into view. */
  show(index: number): void {
    this.#rows?.scrollToIndex(index, { align: "auto" });
  }
}
