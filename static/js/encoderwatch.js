// Notices an encoder that swallows the picture: hardware ones have been seen to, without a word.

/** An encoder that has given nothing for so many samples in which it was fed will not. */
const BARREN_SAMPLES = 5;

/** Fed with one sample a second. Pure. */
export class EncoderWatch {
  #captured = 0;
  #encoded = 0;
  /** Samples in a row in which frames went in and none came out. */
  #barren = 0;

  /**
   * Whether the encoder gives nothing.
   * @param {{captured: number, encoded: number}} sample  frames so far, each from its own start
   */
  feed({ captured, encoded }) {
    if (encoded !== this.#encoded) this.#barren = 0;
    // Another source counts from 0; one that stands still gives nothing to encode.
    else if (captured > this.#captured) this.#barren++;
    [this.#captured, this.#encoded] = [captured, encoded];
    return this.#barren >= BARREN_SAMPLES;
  }
}
