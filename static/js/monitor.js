// What a presenter sends: the figures, and whether the encoder works.

import { EncoderWatch } from './encoderwatch.js';
import { OutboundMeter } from './stats.js';

/** @import { Notices } from './notices.js' */
/** @import { Outbound } from './stats.js' */

/** Fed with one report a second. Owns the figures, and what is told of the encoder. */
export class Monitor {
  #notices;
  #meter = new OutboundMeter();
  #encoder = new EncoderWatch();
  /** @type {Outbound|null} */ #figures = null;

  /** @param {Notices} notices */
  constructor(notices) {
    this.#notices = notices;
  }

  /** The latest; null where nothing is sent. */
  get figures() {
    return this.#figures;
  }

  /** @param {RTCStatsReport} report */
  read(report) {
    this.#figures = this.#meter.read(report);
    if (!this.#figures) return;
    if (this.#encoder.feed(this.#figures)) this.#notices.tell('encoder', 'push.encoder');
    else this.#notices.over('encoder');
  }

  /** Nothing is sent any more. */
  clear() {
    this.#figures = null;
  }

  /** Another encoder begins. */
  reset() {
    this.#encoder = new EncoderWatch();
    this.#notices.over('encoder');
  }
}
