// Makes the screen that stands still give frames until its picture is sharp.

import { sending } from './stats.js';
import { Sharpness } from './sharpness.js';

/** At rest no more than this: half a second without a frame is how the relay knows of it. */
export const AT_REST = { min: 1, ideal: 30, max: 60 };
const QUICK = { min: 30, ideal: 30, max: 60 };

/**
 * Calls back several times a second until the returned function is called. A
 * worker's timer, as a presenter's page is mostly in the background, where its
 * own run once a second.
 * @param {() => void} call
 */
function tick(call) {
  const worker = new Worker('/static/js/ticker.js');
  worker.onmessage = call;
  return () => worker.terminate();
}

/** Owns the rate of one screen's track while a sender has it. */
export class Sharpener {
  #tick;
  /** @type {RTCRtpSender|null} */ #sender = null;
  #sharpness = new Sharpness();
  #quick = false;
  /** A sample is being taken. */
  #busy = false;
  #stop = () => {};

  /** @param {typeof tick} [ticker] */
  constructor(ticker = tick) {
    this.#tick = ticker;
  }

  /** @param {RTCRtpSender} sender  that sends a screen */
  watch(sender) {
    this.stop();
    this.#sender = sender;
    this.#sharpness = new Sharpness();
    this.#stop = this.#tick(() => void this.#sample());
  }

  stop() {
    this.#stop();
    this.#stop = () => {};
    this.#sender = null;
    this.#quick = false;
  }

  async #sample() {
    const sender = this.#sender;
    const track = sender?.track;
    if (!sender || !track || this.#busy) return;
    this.#busy = true;
    try {
      const sample = sending(await sender.getStats());
      if (!sample || sender !== this.#sender || track !== sender.track) return;
      const quick = this.#sharpness.feed(sample);
      if (quick === this.#quick) return;
      this.#quick = quick;
      await track.applyConstraints({ frameRate: quick ? QUICK : AT_REST });
    } catch {
      // A surface that can't be hurried is sharp a little later.
    } finally {
      this.#busy = false;
    }
  }
}
