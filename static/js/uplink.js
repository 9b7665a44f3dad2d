// The two senders of a presenter's PeerConnection, and how they encode.

import { ordered } from './codecs.js';
import { Sharpener } from './sharpener.js';

/** @import { Sources } from './sources.js' */

/** @typedef {Pick<Sources, 'kind'|'video'|'audio'>} Tracks */

/** Music in stereo, bit/s. */
const SOUND_BITRATE = 128_000;

/**
 * @typedef {object} Encoding
 * @property {RTCRtpCapabilities|null} capabilities
 * @property {string} codec        the choice; empty is "Automatic"
 * @property {number} maxBitrate   bit/s
 */

/** Owns both senders. */
export class Uplink {
  /** @type {RTCRtpSender|null} */ #video = null;
  /** @type {RTCRtpSender|null} */ #audio = null;
  #sharpener;

  /** @param {Sharpener} [sharpener] */
  constructor(sharpener = new Sharpener()) {
    this.#sharpener = sharpener;
  }

  /**
   * Always one video and one audio m-line, so that tracks can come later.
   * @param {RTCPeerConnection} pc
   * @param {Tracks} tracks
   * @param {Encoding} encoding
   */
  prepare(pc, tracks, { capabilities, codec, maxBitrate }) {
    // One stream for both, or viewers' browsers would not keep them in step.
    const streams = [new MediaStream()];
    const video = pc.addTransceiver(tracks.video ?? 'video', { direction: 'sendonly', streams, sendEncodings: [{ maxBitrate }] });
    const audio = pc.addTransceiver(tracks.audio ?? 'audio', {
      direction: 'sendonly', streams, sendEncodings: [{ maxBitrate: SOUND_BITRATE }],
    });
    video.setCodecPreferences(ordered(capabilities, codec));
    [this.#video, this.#audio] = [video.sender, audio.sender];
    this.#tune(tracks);
  }

  /**
   * Sends other tracks: nothing is negotiated, viewers notice nothing. Says whether
   * they are sent; a browser may refuse a track that its encoder is not made for.
   * @param {Tracks} tracks
   */
  async replace(tracks) {
    const video = this.#video;
    const replaced = [video?.replaceTrack(tracks.video), this.#audio?.replaceTrack(tracks.audio)];
    this.#tune(tracks);
    try {
      await Promise.all(replaced);
      return true;
    } catch {
      // Senders that were replaced meanwhile have what is to be sent from the start.
      return video !== this.#video;
    }
  }

  /** The PeerConnection is gone. */
  clear() {
    this.#video = this.#audio = null;
    this.#sharpener.stop();
  }

  /** A screen keeps its pixels when bits are short, a camera some of its movement. @param {Tracks} tracks */
  #tune({ kind }) {
    if (!this.#video) return;
    if (kind === 'screen') this.#sharpener.watch(this.#video);
    else this.#sharpener.stop();
    // The types do not know degradationPreference yet.
    const parameters = /** @type {RTCRtpSendParameters & {degradationPreference?: string}} */ (this.#video.getParameters());
    parameters.degradationPreference = kind === 'camera' ? 'balanced' : 'maintain-resolution';
    // Where it is refused the browser's own preference stays.
    this.#video.setParameters(parameters).catch(() => {});
  }
}
