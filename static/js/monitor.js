// What a presenter sends: the figures, and whether the encoder works.

import { EncoderWatch } from './encoderwatch.js';
import { OutboundMeter } from './stats.js';

/** @import { Notices } from './notices.js' */
/** @import { Outbound } from './stats.js' */

const SAMPLE_EVERY = 1_000;

/**
 * @typedef {object} MonitorOptions
 * @property {Notices} notices
 * @property {() => RTCPeerConnection|null} live  the connection; null while nothing is sent
 * @property {() => void} changed                 there are new figures
 */

/** Reads one report a second. Owns the figures, and what is told of the encoder. */
export class Monitor {
  /** @type {MonitorOptions} */ #options;
  #meter = new OutboundMeter();
  #encoder = new EncoderWatch();
  /** @type {Outbound|null} */ #figures = null;

  /** @param {MonitorOptions} options */
  constructor(options) {
    this.#options = options;
  }

  start() {
    setInterval(() => void this.#sample(), SAMPLE_EVERY);
  }

  /** The latest; null where nothing is sent. */
  get figures() {
    return this.#figures;
  }

  /** Nothing is sent any more. */
  clear() {
    this.#figures = null;
  }

  /** Another encoder begins. */
  reset() {
    this.#encoder = new EncoderWatch();
    this.#options.notices.over('encoder');
  }

  async #sample() {
    const { live, changed } = this.#options;
    const pc = live();
    if (!pc) return;
    const report = await pc.getStats();
    if (pc !== live()) return;
    this.#read(report);
    changed();
  }

  /** @param {RTCStatsReport} report */
  #read(report) {
    const { notices } = this.#options;
    this.#figures = this.#meter.read(report);
    if (!this.#figures) return;
    if (this.#encoder.feed(this.#figures)) notices.tell('encoder', 'push.encoder');
    else notices.over('encoder');
  }
}
