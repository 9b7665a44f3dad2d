// Notices a picture that arrives but does not play, or plays late.

/** @import { Inbound } from './stats.js' */

/** The browser asks for key frames by itself; after this it will not help any more. */
const STUCK = 8_000;
/** Less than this is no picture. */
const STUCK_BYTES = 5_000;
/** Seconds between arrival and display that nobody should bear. */
const LATE = 1;
/** For how many samples in a row, before the first remedy. */
const LATE_SAMPLES = 5;
/** No patience grows beyond a minute. */
const MOST_STUCK = 60_000;
const MOST_LATE_SAMPLES = 60;

/** @typedef {'renew'|'reattach'|null} Remedy */

/** Fed with one sample a second. Pure: its owner supplies the clock. */
export class Watchdog {
  /** @type {Inbound|null} */ #last = null;
  /** Since when, and at how many bytes, data came without a frame being decoded. */
  #flat = { since: 0, bytes: 0 };
  #late = 0;
  /** Grows with every renewal that did not help. */
  #patience = STUCK;
  /** Grows with every reattachment of a connection: each is a jump of the picture. */
  #latePatience = LATE_SAMPLES;

  /**
   * @param {Inbound} sample
   * @param {number} now
   * @returns {{advanced: boolean, remedy: Remedy}}
   */
  feed(sample, now) {
    const last = this.#last;
    this.#last = sample;
    if (!last || sample.framesDecoded < last.framesDecoded) {
      this.#flat = { since: now, bytes: sample.bytesReceived };
      return { advanced: false, remedy: null };
    }
    if (sample.framesDecoded === last.framesDecoded) return { advanced: false, remedy: this.#stuck(sample, last, now) };
    this.#flat = { since: now, bytes: sample.bytesReceived };
    this.#patience = STUCK;
    return { advanced: true, remedy: this.#behind(sample, last) };
  }

  /** Another PeerConnection counts from 0. */
  reset() {
    this.#last = null;
    this.#late = 0;
    this.#latePatience = LATE_SAMPLES;
  }

  /** @param {Inbound} sample @param {Inbound} last @param {number} now @returns {Remedy} */
  #stuck(sample, last, now) {
    // A screen that stands still sends nothing for as long as it likes.
    if (sample.bytesReceived === last.bytesReceived) this.#flat = { since: now, bytes: sample.bytesReceived };
    if (now - this.#flat.since < this.#patience || sample.bytesReceived - this.#flat.bytes < STUCK_BYTES) return null;
    this.#patience = Math.min(this.#patience * 2, MOST_STUCK);
    this.#flat = { since: now, bytes: sample.bytesReceived };
    return 'renew';
  }

  /** @param {Inbound} sample @param {Inbound} last @returns {Remedy} */
  #behind(sample, last) {
    const emitted = sample.jitterBufferEmittedCount - last.jitterBufferEmittedCount;
    const delay = emitted > 0 ? (sample.jitterBufferDelay - last.jitterBufferDelay) / emitted : 0;
    this.#late = delay > LATE ? this.#late + 1 : 0;
    if (this.#late < this.#latePatience) return null;
    this.#late = 0;
    this.#latePatience = Math.min(this.#latePatience * 2, MOST_LATE_SAMPLES);
    return 'reattach';
  }
}
