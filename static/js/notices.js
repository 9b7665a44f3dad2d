// What the page has to tell besides its state, each thing until its cause is over.

/** @import { Values } from './i18n.js' */

/** @typedef {'picture'|'microphone'|'encoder'|'codec'|'connection'|'busy'|'replaced'|'end'} Cause */
/** @typedef {{key: string, values: Values}} Notice */

/** Owns what was told and is not over. One sentence a cause, the newest is shown. */
export class Notices {
  /** @type {Map<Cause, Notice>} in the order in which they were told */ #told = new Map();
  /** @type {() => void} */ #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /** What to show; null where there is nothing to tell. @returns {Notice|null} */
  get current() {
    return [...this.#told.values()].at(-1) ?? null;
  }

  /**
   * Tells; again is nothing new.
   * @param {Cause} cause
   * @param {string} key
   * @param {Values} [values]
   */
  tell(cause, key, values = {}) {
    if (this.#told.get(cause)?.key === key) return;
    this.#told.delete(cause);
    this.#told.set(cause, { key, values });
    this.#changed();
  }

  /** @param {Cause[]} causes */
  over(...causes) {
    const ended = causes.filter((cause) => this.#told.delete(cause));
    if (ended.length) this.#changed();
  }
}
