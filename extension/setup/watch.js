/**
 * Looks again and again, as long as the person sees the page and there is something to look for. A
 * look starts a program; where nobody waits for it, none is started.
 */

export const EVERY_MS = 3_000;

export class Watch {
  /** @type {Pick<Document, "visibilityState" | "addEventListener">} */ #page;
  /** @type {() => Promise<boolean>} */ #look;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #next;
  /** @type {Promise<void> | null} */ #looking = null;
  #isOver = false;

  /**
   * @param {Pick<Document, "visibilityState" | "addEventListener">} page
   * @param {() => Promise<boolean>} look tells whether to look again
   */
  constructor(page, look) {
    this.#page = page;
    this.#look = look;
  }

  start() {
    this.#page.addEventListener("visibilitychange", () => this.#wake());
    this.#wake();
  }

  /** Looks now; or waits for the look that is under way. */
  look() {
    this.#looking ??= this.#lookOnce().finally(() => { this.#looking = null; });
    return this.#looking;
  }

  async #lookOnce() {
    clearTimeout(this.#next);
    this.#isOver = !await this.#look();
    if (!this.#isOver && this.#isSeen) this.#next = setTimeout(() => this.look(), EVERY_MS);
  }

  get #isSeen() {
    return this.#page.visibilityState === "visible";
  }

  #wake() {
    clearTimeout(this.#next);
    if (this.#isSeen && !this.#isOver) this.look();
  }
}
