// Whether what a screen shows has arrived sharp. Chromium (156) drops the first frame of a new
// page, sends the next with the coarsest quantizer, and refines that by one step a frame: on a
// still screen, which gives one frame a second, that takes ten seconds.

/** The quantizer, by codec, at which 12-pixel text is sharp. */
const SHARP = new Map([['VP8', 20], ['VP9', 50], ['AV1', 80], ['H264', 24]]);

/** An encoder has had a frame for so many samples: it dropped it. */
const DROPPED_SAMPLES = 2;

/**
 * So many sharp samples in a row, and it stays sharp. Long enough, too, that what the relay
 * asks of a picture at rest (a key frame, which is blurred at first) comes when the page has been read.
 */
const SHARP_SAMPLES = 10;

/**
 * @typedef {object} Encoded
 * @property {string} codec
 * @property {number} captured  frames that the source has given
 * @property {number} encoded   frames that the encoder has given
 * @property {number} qpSum     sum of their quantizers
 */

/** Fed with several samples a second. Pure. */
export class Sharpness {
  /** @type {Encoded|null} */ #last = null;
  #blurred = false;
  /** Samples in a row in which a frame went in and none came out. */
  #dropped = 0;
  /** Samples in a row without a blurred frame. */
  #sharp = 0;

  /**
   * Whether the picture needs more frames than a still screen gives.
   * @param {Encoded} sample
   */
  feed(sample) {
    const last = this.#last ?? sample;
    this.#last = sample;
    const frames = sample.encoded - last.encoded;
    const quantizer = (sample.qpSum - last.qpSum) / frames;
    const taken = sample.captured - last.captured;
    // Of a source that is quick the encoder skips what it has had already.
    if (frames > 0 || taken > 1) this.#dropped = 0;
    else if (this.#dropped || taken === 1) this.#dropped++;
    if (this.#dropped >= DROPPED_SAMPLES || quantizer > (SHARP.get(sample.codec) ?? Infinity)) return this.#is(true);
    return ++this.#sharp < SHARP_SAMPLES ? this.#blurred : this.#is(false);
  }

  /** @param {boolean} blurred */
  #is(blurred) {
    this.#blurred = blurred;
    this.#dropped = this.#sharp = 0;
    return blurred;
  }
}
