// The video element: plays whatever the browser allows, and knows what it did not allow.

const STORED = 'relay.volume';

/** @typedef {'playing'|'muted'|'refused'} Permission  muted: without sound, because the browser insists */

/** Owns a video element, its volume and the person's wish about it. */
export class Player {
  #video;
  #storage;
  /** @type {() => void} */ #changed;
  /** @type {Permission} */ #permission = 'playing';

  /**
   * @param {HTMLVideoElement} video
   * @param {Pick<Storage, 'getItem'|'setItem'>} storage
   * @param {() => void} changed
   */
  constructor(video, storage, changed) {
    this.#video = video;
    this.#storage = storage;
    this.#changed = changed;
    const [volume, muted] = (storage.getItem(STORED) ?? '1').split(' ');
    video.volume = Math.min(1, Math.max(0, Number(volume) || 0));
    video.muted = muted === 'muted';
    // There is no button to pause with: it was the system (a call, another app, a plug pulled).
    video.onpause = () => this.resume();
  }

  get permission() {
    return this.#permission;
  }

  get muted() {
    return this.#video.muted;
  }

  get volume() {
    return this.#video.volume;
  }

  /** Shows a stream. @param {MediaStream} stream */
  attach(stream) {
    if (this.#video.srcObject === stream) return;
    this.#video.srcObject = stream;
    void this.play();
  }

  /** Shows the same again: the browser begins with an empty jitter buffer. */
  reattach() {
    const stream = this.#video.srcObject;
    if (stream instanceof MediaStream) this.attach(new MediaStream(stream.getTracks()));
  }

  /** Goes on where something paused it. What has ended cannot. */
  resume() {
    const { paused, srcObject } = this.#video;
    if (paused && srcObject instanceof MediaStream && srcObject.active) void this.play();
  }

  /** Plays with sound if the browser lets us, else without. */
  async play() {
    const video = this.#video;
    if (await this.#try()) return this.#allow(this.#permission === 'muted' && video.muted ? 'muted' : 'playing');
    if (video.muted) return this.#allow('refused');
    video.muted = true;
    return this.#allow((await this.#try()) ? 'muted' : 'refused');
  }

  /** Sound at last: to be called in a click. */
  unmute() {
    this.#permission = 'playing';
    this.setMuted(false);
    if (this.#video.volume === 0) this.setVolume(1);
    void this.play();
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#video.muted = muted;
    if (!muted && this.#permission === 'muted') this.#permission = 'playing';
    this.#remember();
  }

  /** @param {number} volume */
  setVolume(volume) {
    this.#video.volume = volume;
    this.setMuted(volume === 0);
  }

  /** Whether playing began; a newer attach that interrupts is no refusal. */
  async #try() {
    try {
      await this.#video.play();
      return true;
    } catch (error) {
      return /** @type {DOMException} */ (error).name !== 'NotAllowedError';
    }
  }

  /** @param {Permission} permission */
  #allow(permission) {
    this.#permission = permission;
    this.#changed();
  }

  #remember() {
    this.#storage.setItem(STORED, `${this.#video.volume}${this.#video.muted ? ' muted' : ''}`);
    this.#changed();
  }
}
