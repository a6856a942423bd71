/** One thing after the other: negotiations must not cross. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  /** Runs `work` when everything before it is done, whether or not that succeeded. */
  run(work: () => Promise<void>): Promise<void> {
    const next = this.#last.then(() => (this.#closed ? undefined : work()));
    this.#last = next.catch(() => undefined);
    return next;
  }

  /** What has not begun does not begin any more. */
  close(): void {
    this.#closed = true;
  }
}
