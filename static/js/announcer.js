// Speaks to screen readers of what eyes see by themselves.

/** A class that joins is one sentence, not thirty. */
const RESTS = 5_000;

/** Owns an element that is heard and not seen. */
export class Announcer {
  #target;
  #sentence;
  /** @type {number|null} the number now */ #count = null;
  /** @type {number|null} what was spoken of; nobody need hear the first */ #spoken = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} when the number is spoken of next */ #timer;

  /**
   * @param {{textContent: string|null}} target  an element with role="status"
   * @param {(count: number) => string} sentence
   */
  constructor(target, sentence) {
    this.#target = target;
    this.#sentence = sentence;
  }

  /** Speaks at once. @param {string} text */
  speak(text) {
    this.#target.textContent = text;
  }

  /** Speaks of a number, if it is another one in a while. @param {number} count */
  count(count) {
    this.#count = count;
    this.#spoken ??= count;
    if (count !== this.#spoken) this.#timer ??= setTimeout(() => this.#tell(), RESTS);
  }

  #tell() {
    this.#timer = undefined;
    if (this.#count === null || this.#count === this.#spoken) return;
    this.#spoken = this.#count;
    this.speak(this.#sentence(this.#count));
  }
}
