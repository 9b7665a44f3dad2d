// How long to wait before the next attempt.

const FIRST = 300;
const GROWTH = 1.6;
const SHORT_CAP = 1_000;
const LONG_CAP = 5_000;
/** A relay that restarts is back within this: until then attempts stay close together. */
const SHORT_PERIOD = 30_000;

/** A jittered back-off, 0.3 s growing to 5 s. Its owner calls reset when an attempt succeeds. */
export class Backoff {
  #attempts = 0;
  #since = 0;

  /**
   * The milliseconds to wait before the next attempt.
   * @param {number} now
   * @param {number} random  0 to 1
   */
  next(now = Date.now(), random = Math.random()) {
    if (this.#attempts === 0) this.#since = now;
    const cap = now - this.#since < SHORT_PERIOD ? SHORT_CAP : LONG_CAP;
    const delay = Math.min(cap, FIRST * GROWTH ** this.#attempts);
    this.#attempts++;
    // Viewers who lost the relay together do not come back together.
    return delay * (0.7 + 0.6 * random);
  }

  reset() {
    this.#attempts = 0;
  }
}
