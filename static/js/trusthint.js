// A hint at the relay's certificate, where that may be what keeps a page from the relay.

/** @import { Asked } from './authority.js' */

/** Owns the hint, and whether there is a certificate to hint at. */
export class TrustHint {
  #hint;
  #ask;
  #asked = false;
  #applies = false;
  #cutOff = false;

  /**
   * @param {Pick<HTMLElement, 'hidden'>} hint
   * @param {() => Promise<Asked>} ask  the relay, for its authority
   */
  constructor(hint, ask) {
    this.#hint = hint;
    this.#ask = ask;
  }

  /** @param {boolean} cutOff  this page came over https, and its socket has never reached the relay */
  show(cutOff) {
    this.#cutOff = cutOff;
    this.#hint.hidden = !cutOff || !this.#applies;
    if (cutOff && !this.#asked) void this.#find();
  }

  async #find() {
    this.#asked = true;
    const { state } = await this.#ask();
    // No answer at all is what a certificate brings about that changed after the page came.
    this.#applies = state !== 'none';
    this.show(this.#cutOff);
  }
}
