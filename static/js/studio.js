// Asks for screen, camera and microphone, and tells why there is none.

import { captureCamera, CaptureError, captureScreen, silentReason } from './capture.js';
import { stopTracks } from './sources.js';

/** @import { Source } from './capture.js' */
/** @import { Cause, Notices } from './notices.js' */
/** @import { Sources } from './sources.js' */

/** @typedef {'user'|'environment'} Facing */

/**
 * @typedef {object} StudioOptions
 * @property {MediaDevices} devices
 * @property {Sources} sources
 * @property {Notices} notices
 * @property {(source: Source) => void} show   there is a picture to present
 * @property {() => void} lost                 the picture that was presented is gone
 */

/** Owns which way the camera looks. */
export class Studio {
  /** @type {StudioOptions} */ #options;
  /** @type {Facing} */ #facing = 'user';

  /** @param {StudioOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** Presents a screen, or another one. To be called in the click. */
  async shareScreen() {
    const capturing = captureScreen(this.#options.devices);
    this.#show(await this.#got('picture', capturing));
  }

  /** Presents the camera. */
  async useCamera() {
    this.#show(await this.#open(this.#facing));
  }

  /** Presents the other camera. */
  async flipCamera() {
    const { sources, lost } = this.#options;
    const before = this.#facing;
    // Phones lend one camera at a time.
    sources.halt();
    const camera = (await this.#open(before === 'user' ? 'environment' : 'user')) ?? (await this.#open(before));
    // Somebody may have pressed Stop meanwhile.
    if (sources.kind !== 'camera') stopTracks(camera?.stream);
    else if (camera) this.#show(camera);
    else lost();
  }

  /** @param {boolean} on */
  async setMicrophone(on) {
    const { devices, sources, notices } = this.#options;
    notices.over('microphone');
    if (on) await this.#got('microphone', sources.hear(devices));
    else sources.muffle();
  }

  /** @param {Facing} facing */
  async #open(facing) {
    const camera = await this.#got('picture', captureCamera(this.#options.devices, facing));
    if (camera) this.#facing = facing;
    return camera;
  }

  /**
   * What was asked for; null, and a sentence, where there is none.
   * @template T
   * @param {Cause} cause
   * @param {Promise<T>} capturing
   */
  async #got(cause, capturing) {
    try {
      return await capturing;
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.#options.notices.tell(cause, `capture.${this.#reason(error.code)}`);
      return null;
    }
  }

  /** @param {string} code */
  #reason(code) {
    return code === 'screen-cancelled' && this.#options.sources.kind ? 'screen-kept' : code;
  }

  /** @param {Source|null} source */
  #show(source) {
    if (!source) return;
    const { devices, notices, show } = this.#options;
    notices.over('picture');
    show(source);
    const silent = source.kind === 'screen' && !source.stream.getAudioTracks().length;
    if (silent) notices.tell('picture', `capture.${silentReason(devices)}`);
  }
}
