// A presenter: what is captured, signaling, media and what is known of them. No DOM.

import { Link } from './link.js';
import { Monitor } from './monitor.js';
import { isOurs, presentState } from './presentstate.js';
import { shutsOut } from './refusals.js';
import { Signaling } from './signaling.js';
import { Sources } from './sources.js';
import { Studio } from './studio.js';
import { Uplink } from './uplink.js';

/** @import { Source } from './capture.js' */
/** @import { FromRelay, Room, ErrorMessage, Welcome } from './messages.js' */
/** @import { SignalingOptions } from './signaling.js' */
/** @import { LinkOptions, LinkState } from './link.js' */
/** @import { Notices } from './notices.js' */
/** @import { SourcesOptions } from './sources.js' */
/** @import { PresentFacts, PresentState } from './presentstate.js' */

/** A socket that is replaced within this is not worth a word. */
const GRACE = 1_500;
/** Whoever steps through the codecs wants the last one: each costs a new PeerConnection. */
const CODEC_RESTS = 300;
/** Until the relay says otherwise. */
const MAX_BITRATE = 4_000_000;

/**
 * @typedef {object} PresenterOptions
 * @property {Omit<SignalingOptions, 'receive'|'down'>} signaling
 * @property {LinkOptions['createPeer']} [createPeer]
 * @property {SourcesOptions['createMixer']} createMixer
 * @property {MediaDevices} devices
 * @property {RTCRtpCapabilities|null} capabilities           what this browser can encode
 * @property {string} codec                                   the choice; empty is "Automatic"
 * @property {string|null} unable                             why this browser cannot present here, as a key
 * @property {() => boolean} [keyed]                          there is something to open the room with
 * @property {() => void} [began]                             something is about to be presented
 * @property {(state: PresentState) => void} changed          facts or state changed
 * @property {(stream: MediaStream|null) => void} preview
 * @property {Notices} notices
 */

/** Presents in one room. Owns the connections and the facts about them. */
export class Presenter {
  /** @type {PresenterOptions} */ #options;
  #signaling;
  #link;
  #sources;
  #studio;
  #uplink = new Uplink();
  #codec;
  #maxBitrate = MAX_BITRATE;
  /** @type {string[]|null} */ #origins = null;
  /** @type {PresentFacts} */ #facts;
  /** We have stopped, and the relay has not said yet that it knows. */
  #leaving = false;
  /** A token that opens the room for viewers; empty where the relay gave none. */
  #invite = '';
  #title = '';
  #monitor;
  /** @type {ReturnType<typeof setTimeout>|undefined} when a lost socket is worth a word */ #grace;
  /** @type {ReturnType<typeof setTimeout>|undefined} when the choice of a codec has rested */ #choosing;

  /** @param {PresenterOptions} options */
  constructor(options) {
    this.#options = options;
    this.#codec = options.codec;
    this.#monitor = new Monitor({
      notices: options.notices,
      live: () => (this.state === 'live' ? this.#link.peer : null),
      changed: () => options.changed(this.state),
    });
    this.#facts = {
      room: null, up: true, mine: false, sharing: false, ended: false, granted: false, keyed: false, link: 'off', refusal: null, unable: options.unable,
    };
    this.#sources = new Sources({
      createMixer: options.createMixer,
      changed: () => this.#tracksChanged(),
      ended: () => this.stop(),
      unplugged: () => options.notices.tell('microphone', 'capture.mic-lost'),
    });
    this.#studio = new Studio({
      devices: options.devices,
      sources: this.#sources,
      notices: options.notices,
      show: (source) => this.#present(source),
      lost: () => this.stop(),
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
      changed: (link) => this.#linkChanged(link),
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

  /** Under which viewers reach the relay, where it is not this page's own origin; null while the relay has not said. */
  get origins() {
    return this.#origins;
  }

  /** What the viewers' link holds to open the room; empty for nothing. */
  get invite() {
    return this.#invite;
  }

  /** What the room is called; empty for nothing but its name. */
  get title() {
    return this.#title;
  }

  /** What says to the relay that it is we who present. */
  get secret() {
    return this.#signaling.secret;
  }

  get codec() {
    return this.#codec;
  }

  /** What is sent; null unless live. */
  get figures() {
    return this.#monitor.figures;
  }

  get socket() {
    return this.#signaling.socket;
  }

  start() {
    this.#signaling.start();
    this.#monitor.start();
  }

  /** A person wants in, with another key. */
  again() {
    this.#update({ refusal: null, room: null, up: true });
    this.#signaling.again();
  }

  /** The room is handed over to whoever has this secret. @param {string} secret */
  take(secret) {
    this.#options.notices.over('busy', 'replaced');
    this.#update({ granted: true, mine: true, refusal: null });
    this.#signaling.take(secret);
  }

  /** It is not, after all. */
  giveUp() {
    if (!this.#facts.granted || this.#facts.sharing) return;
    this.#signaling.forget();
    this.#update({ granted: false, mine: false });
  }

  /** After a wake-up. */
  check() {
    this.#signaling.check();
    this.#link.check();
  }

  /** Asks for what to present. */
  get studio() {
    return this.#studio;
  }

  /** Ends the presentation; the room is free at once. */
  stop() {
    if (!this.#facts.sharing) return;
    this.#leaving = true;
    this.#signaling.send({ type: 'leave' });
    // A socket that is dead without knowing it has not carried that.
    this.#signaling.check();
    this.#release();
    const { room } = this.#facts;
    this.#update({ ended: true, mine: false, room: room && { ...room, state: 'idle', video: null, audio: false } });
  }

  /** Another codec needs another PeerConnection; what is captured stays. @param {string} codec */
  setCodec(codec) {
    this.#codec = codec;
    this.#options.notices.over('codec');
    clearTimeout(this.#choosing);
    this.#choosing = setTimeout(() => this.#link.renew(), CODEC_RESTS);
  }

  /** @param {Source} source */
  #present(source) {
    const { notices, preview } = this.#options;
    this.#leaving = false;
    this.#options.began?.();
    notices.over('busy', 'replaced', 'end');
    this.#sources.show(source);
    preview(source.stream);
    this.#update({ sharing: true, mine: true, ended: false });
    if (this.#link.state === 'off') this.#link.start();
  }

  async #tracksChanged() {
    this.#options.changed(this.state);
    if (!(await this.#uplink.replace(this.#sources))) this.#link.renew();
  }

  /** @param {LinkState} link */
  #linkChanged(link) {
    this.#update(link === 'connected' ? { link, granted: false } : { link });
    if (link === 'connected') this.#options.notices.over('connection');
  }

  /** @param {RTCPeerConnection} pc */
  #prepare(pc) {
    this.#monitor.reset();
    const { capabilities } = this.#options;
    this.#uplink.prepare(pc, this.#sources, { capabilities, codec: this.#codec, maxBitrate: this.#maxBitrate });
  }

  /** @param {FromRelay} message */
  #receive(message) {
    switch (message.type) {
      case 'welcome': return this.#welcomed(message);
      case 'room': return this.#roomChanged(message);
      case 'answer':
        this.#invite = message.invite ?? this.#invite;
        return void this.#link.answered(message.sdp);
      case 'error': return this.#failed(message);
      case 'bye': return this.#bye(message.reason);
    }
  }

  /** @param {Welcome} message */
  #welcomed(message) {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#maxBitrate = message.maxBitrate ?? this.#maxBitrate;
    this.#origins = message.origins === undefined ? [] : message.origins;
    this.#invite = message.invite ?? this.#invite;
    this.#title = message.title ?? this.#title;
    this.#options.notices.over('connection', 'busy');
    this.#update({ up: true, refusal: null });
    this.#roomChanged(message);
    if (this.#leaving) this.#signaling.send({ type: 'leave' });
    this.#link.welcomed(message);
  }

  /** @param {Room} room */
  #roomChanged(room) {
    const mine = isOurs(room, this.#facts, this.#leaving);
    this.#update({ room, mine });
    if (mine || room.state === 'idle') return this.#signaling.keep();
    // The state says it, with the time. Until the room is free, our session is no place to come back to.
    this.#options.notices.over('busy');
    this.#signaling.forget();
  }

  /** @param {ErrorMessage} error */
  #failed(error) {
    const { notices } = this.#options;
    if (!this.#signaling.up || shutsOut(error)) return this.#refused(error);
    if (!this.#link.refused(error.retryAfter)) return;
    if (error.code !== 'room-busy') return notices.tell('connection', `error.${error.code}`);
    this.#lostRoom();
    notices.tell('busy', 'error.room-busy');
  }

  /** The relay does not let us in. @param {ErrorMessage} error */
  #refused(error) {
    if (error.code === 'room-busy') {
      // It is busy with us.
      if (this.#link.state === 'connected') return;
      this.#lostRoom();
    }
    this.#update({ refusal: error, keyed: this.#options.keyed?.() ?? false });
  }

  /** Somebody else presents here now. */
  #lostRoom() {
    this.#release();
    this.#update({ mine: false, granted: false });
  }

  /** @param {string} reason */
  #bye(reason) {
    const { notices } = this.#options;
    this.#link.ended(reason);
    this.#leaving = false;
    if (reason === 'replaced' || reason === 'handed-over') {
      this.#lostRoom();
      notices.tell('replaced', `bye.${reason}`);
    } else if (reason === 'ended' || reason === 'too-much') {
      this.#ended(reason);
    } else if (reason !== 'left' && reason !== 'never-connected') {
      notices.tell('connection', `bye.${reason}`);
    }
  }

  /** The relay ended the presentation, and the room is free. @param {string} reason */
  #ended(reason) {
    const { sharing, room } = this.#facts;
    this.#release();
    this.#update({ ended: sharing || this.#facts.ended, mine: false, room: room && { ...room, state: 'idle', video: null, audio: false } });
    this.#options.notices.tell('end', `bye.${reason}`);
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
    this.#options.notices.over('picture', 'microphone', 'encoder', 'connection');
    this.#update({ sharing: false });
  }

  /** @param {Partial<PresentFacts>} facts */
  #update(facts) {
    this.#facts = { ...this.#facts, ...facts };
    if (this.state !== 'live') this.#monitor.clear();
    this.#options.changed(this.state);
  }
}
