// A presenter: what is captured, signaling, media and what is known of them. No DOM.

import { captureCamera, captureScreen, CaptureError, silentReason } from './capture.js';
import { Link } from './link.js';
import { presentState } from './presentstate.js';
import { Signaling } from './signaling.js';
import { Sources } from './sources.js';
import { OutboundMeter } from './stats.js';
import { Uplink } from './uplink.js';

/** @import { Source } from './capture.js' */
/** @import { FromRelay, Room, ErrorMessage, Welcome } from './messages.js' */
/** @import { SignalingOptions } from './signaling.js' */
/** @import { LinkOptions } from './link.js' */
/** @import { SourcesOptions } from './sources.js' */
/** @import { Outbound } from './stats.js' */
/** @import { PresentFacts, PresentState } from './presentstate.js' */

/** A socket that is replaced within this is not worth a word. */
const GRACE = 1_500;
const SAMPLE_EVERY = 1_000;
/** An encoder that has given nothing after so many samples will not. */
const BARREN_SAMPLES = 5;
/** Until the relay says otherwise. */
const MAX_BITRATE = 4_000_000;

/**
 * @typedef {object} PresenterOptions
 * @property {Omit<SignalingOptions, 'receive'|'down'>} signaling
 * @property {LinkOptions['createPeer']} [createPeer]
 * @property {SourcesOptions['createMixer']} createMixer
 * @property {MediaDevices|undefined} devices
 * @property {RTCRtpCapabilities|null} capabilities           what this browser can encode
 * @property {string} codec                                   the choice; empty is "Automatic"
 * @property {string|null} unable                             why this browser cannot present here, as a key
 * @property {(state: PresentState) => void} changed          facts or state changed
 * @property {(stream: MediaStream|null) => void} preview
 * @property {(key: string|null) => void} notice              something to tell once
 * @property {(figures: Outbound) => void} figures            what is sent, each second
 */

/** Presents in one room. Owns the connections and the facts about them. */
export class Presenter {
  /** @type {PresenterOptions} */ #options;
  #signaling;
  #link;
  #sources;
  #uplink = new Uplink();
  #codec;
  #maxBitrate = MAX_BITRATE;
  /** The relay's addresses on its networks. @type {string[]} */ #addresses = [];
  /** @type {PresentFacts} */ #facts;
  /** The relay has yet to be told that we stopped. */
  #leaving = false;
  #meter = new OutboundMeter();
  /** Samples in a row in which the encoder has given nothing. */
  #barren = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} when a lost socket is worth a word */ #grace;

  /** @param {PresenterOptions} options */
  constructor(options) {
    this.#options = options;
    this.#codec = options.codec;
    this.#facts = {
      room: null, up: true, mine: false, sharing: false, ended: false, link: 'off', refusal: null, unable: options.unable,
    };
    this.#sources = new Sources({
      createMixer: options.createMixer,
      changed: () => this.#tracksChanged(),
      ended: () => this.stop(),
    });
    this.#signaling = new Signaling({
      ...options.signaling,
      receive: (message) => this.#receive(message),
      down: () => this.#down(),
    });
    this.#link = new Link({
      signaling: this.#signaling,
      createPeer: options.createPeer,
      prepare: (pc) => this.#prepare(pc),
      changed: (link) => this.#update({ link }),
    });
  }

  /** @returns {Readonly<PresentFacts>} */
  get facts() {
    return this.#facts;
  }

  get state() {
    return presentState(this.#facts);
  }

  /** What is captured: to look at, to mute, to meter. */
  get sources() {
    return this.#sources;
  }

  get peer() {
    return this.#link.peer;
  }

  get addresses() {
    return this.#addresses;
  }

  get socket() {
    return this.#signaling.socket;
  }

  start() {
    this.#signaling.start();
    setInterval(() => void this.#sample(), SAMPLE_EVERY);
  }

  /** After a wake-up. */
  check() {
    this.#signaling.check();
    this.#link.check();
  }

  /** Presents a screen, or another one. To be called in the click. */
  async shareScreen() {
    const { devices } = this.#options;
    if (devices) await this.#take(captureScreen(devices));
  }

  /** Presents a camera, or another one. @param {'user'|'environment'} facing */
  async useCamera(facing) {
    const { devices } = this.#options;
    if (devices) await this.#take(captureCamera(devices, facing));
  }

  /** Ends the presentation; the room is free at once. */
  stop() {
    if (!this.#facts.sharing) return;
    this.#leaving = !this.#signaling.send({ type: 'leave' });
    this.#release();
    const { room } = this.#facts;
    this.#update({ ended: true, mine: false, room: room && { ...room, state: 'idle', video: null, audio: false } });
  }

  /** Another codec needs another PeerConnection; what is captured stays. @param {string} codec */
  setCodec(codec) {
    this.#codec = codec;
    this.#link.renew();
  }

  /** @param {boolean} on */
  async setMicrophone(on) {
    const { devices } = this.#options;
    if (!on) return this.#sources.muffle();
    if (devices) await this.#telling(() => this.#sources.hear(devices));
  }

  /** @param {Promise<Source>} capturing */
  async #take(capturing) {
    this.#options.notice(null);
    await this.#telling(async () => this.#present(await capturing));
  }

  /** Does what may fail for reasons that a person should know. @param {() => Promise<void>} action */
  async #telling(action) {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof CaptureError)) throw error;
      this.#options.notice(`capture.${error.code}`);
    }
  }

  /** @param {Source} source */
  #present(source) {
    this.#leaving = false;
    this.#sources.show(source);
    this.#options.preview(source.stream);
    this.#noteSilence(source);
    this.#update({ sharing: true, mine: true, ended: false });
    if (this.#link.state === 'off') this.#link.start();
  }

  /** @param {Source} source */
  #noteSilence({ kind, stream }) {
    const { devices, notice } = this.#options;
    if (devices && kind === 'screen' && !stream.getAudioTracks().length) notice(`capture.${silentReason(devices)}`);
  }

  #tracksChanged() {
    this.#uplink.replace(this.#sources);
    this.#options.changed(this.state);
  }

  /** @param {RTCPeerConnection} pc */
  #prepare(pc) {
    this.#barren = 0;
    const { capabilities } = this.#options;
    this.#uplink.prepare(pc, this.#sources, { capabilities, codec: this.#codec, maxBitrate: this.#maxBitrate });
  }

  /** @param {FromRelay} message */
  #receive(message) {
    switch (message.type) {
      case 'welcome': return this.#welcomed(message);
      case 'room': return this.#roomChanged(message);
      case 'answer': return void this.#link.answered(message.sdp);
      case 'error': return this.#failed(message);
      case 'bye': return this.#bye(message.reason);
    }
  }

  /** @param {Welcome} message */
  #welcomed(message) {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#maxBitrate = message.maxBitrate ?? this.#maxBitrate;
    this.#addresses = message.addresses ?? [];
    // Whoever is let in while the room is not idle is the one it is held for.
    const mine = this.#facts.sharing || message.state !== 'idle';
    this.#update({ up: true, refusal: null, room: message, mine });
    if (this.#leaving) this.#leaving = !this.#signaling.send({ type: 'leave' });
    this.#link.welcomed(message);
  }

  /** @param {Room} room */
  #roomChanged(room) {
    const { sharing, mine } = this.#facts;
    this.#update({ room, mine: sharing || (mine && room.state !== 'idle') });
  }

  /** @param {ErrorMessage} error */
  #failed(error) {
    if (error.code === 'room-busy') this.#lostRoom();
    if (!this.#signaling.up) return this.#update({ refusal: error });
    this.#options.notice(`error.${error.code}`);
    this.#link.refused();
  }

  /** Somebody else presents here now. */
  #lostRoom() {
    this.#release();
    this.#update({ mine: false });
  }

  /** @param {string} reason */
  #bye(reason) {
    this.#link.ended();
    if (reason === 'left') return;
    this.#options.notice(`bye.${reason}`);
    if (reason !== 'replaced') return;
    this.#signaling.forget();
    this.#lostRoom();
  }

  #down() {
    this.#grace ??= setTimeout(() => this.#update({ up: false }), GRACE);
  }

  /** Lets go of everything that is captured. */
  #release() {
    this.#link.stop();
    this.#uplink.clear();
    this.#sources.release();
    this.#options.preview(null);
    this.#update({ sharing: false });
  }

  async #sample() {
    const pc = this.#link.peer;
    if (!pc || this.#facts.link !== 'connected') return;
    const figures = this.#meter.read(await pc.getStats());
    if (!figures || pc !== this.#link.peer) return;
    this.#options.figures(figures);
    // Hardware encoders have been seen to swallow a screen without a word.
    this.#barren = figures.captured > 0 && figures.encoded === 0 ? this.#barren + 1 : 0;
    if (this.#barren === BARREN_SAMPLES) this.#options.notice('push.encoder');
  }

  /** @param {Partial<PresentFacts>} facts */
  #update(facts) {
    this.#facts = { ...this.#facts, ...facts };
    this.#options.changed(this.state);
  }
}
