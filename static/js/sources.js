// What is captured: one picture, and the sound that belongs to it and to the microphone.

import { captureMicrophone } from './capture.js';

/** @import { Source } from './capture.js' */
/** @import { Mixer } from './mixer.js' */

/**
 * @typedef {object} SourcesOptions
 * @property {() => Mixer} createMixer
 * @property {() => void} changed    other tracks are to be sent
 * @property {() => void} ended      the picture's capture was ended from outside
 * @property {() => void} unplugged  the microphone was
 */

/** Owns everything that is captured, and the mixer. */
export class Sources {
  /** @type {SourcesOptions} */ #options;
  /** @type {Mixer|null} made with the first sound */ #mixer = null;
  /** @type {Source|null} */ #picture = null;
  /** @type {MediaStream|null} */ #microphone = null;

  /** @param {SourcesOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** What the picture shows; null where there is none. */
  get kind() {
    return this.#picture?.kind ?? null;
  }

  /** The video track to send. */
  get video() {
    return this.#picture?.stream.getVideoTracks()[0] ?? null;
  }

  /** The audio track to send: the mix. */
  get audio() {
    return this.#mixer?.track ?? null;
  }

  get hasMicrophone() {
    return this.#microphone !== null;
  }

  /** How loud the microphone is, 0 to 1. */
  level() {
    return this.#mixer?.level() ?? 0;
  }

  /** @param {boolean} muted */
  setMuted(muted) {
    this.#mixer?.setMuted(muted);
  }

  /** Shows this from now on, and hears what comes with it. @param {Source} picture */
  show(picture) {
    this.halt();
    this.#picture = picture;
    // "mute" is normal: the window stands still or is minimised. Only "ended" is the end.
    picture.stream.getVideoTracks()[0].onended = () => {
      if (picture === this.#picture) this.#options.ended();
    };
    this.#sound().setScreen(picture.stream);
    this.#options.changed();
  }

  /** Opens the microphone. @param {MediaDevices} devices */
  async hear(devices) {
    const stream = await captureMicrophone(devices);
    stopTracks(this.#microphone);
    this.#microphone = stream;
    stream.getAudioTracks()[0].onended = () => {
      if (stream === this.#microphone) this.#unplug();
    };
    this.#sound().setMicrophone(stream);
    this.#options.changed();
  }

  /** Lets go of the picture's device; the picture stays what is shown until another one is. */
  halt() {
    stopTracks(this.#picture?.stream);
  }

  /** Closes the microphone. */
  muffle() {
    stopTracks(this.#microphone);
    this.#microphone = null;
    this.#mixer?.setMicrophone(null);
    this.#options.changed();
  }

  /** Lets go of everything, the microphone too. */
  release() {
    this.halt();
    this.#picture = null;
    this.#mixer?.setScreen(null);
    this.muffle();
  }

  #unplug() {
    this.muffle();
    this.#options.unplugged();
  }

  #sound() {
    this.#mixer ??= this.#options.createMixer();
    return this.#mixer;
  }
}

/** @param {MediaStream|null|undefined} stream */
export function stopTracks(stream) {
  stream?.getTracks().forEach((track) => track.stop());
}
