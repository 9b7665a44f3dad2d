// A viewer: signaling, media and what is known of both. No DOM but the MediaStream it hands out.

import { Link } from './link.js';
import { Signaling } from './signaling.js';
import { stereo } from './sdp.js';
import { inbound } from './stats.js';
import { shutsOut } from './refusals.js';
import { isGone, viewState } from './viewstate.js';
import { Watchdog } from './watchdog.js';

/** @import { FromRelay, Room, ErrorMessage, Welcome } from './messages.js' */
/** @import { SignalingOptions } from './signaling.js' */
/** @import { LinkOptions, LinkState } from './link.js' */
/** @import { ViewFacts, ViewState } from './viewstate.js' */

/** The codes of what ends no session: it goes on without the picture. */
const TROUBLES = new Set(['codec-unsupported', 'rate-limited']);
/** Frames on their way when a problem is told do not yet mean that it is over. */
const PROBLEM_STAYS = 1_500;
/** A socket that is replaced within this is not worth a word. */
const GRACE = 1_500;
const SAMPLE_EVERY = 1_000;

/**
 * @typedef {object} ViewerOptions
 * @property {Omit<SignalingOptions, 'receive'|'down'>} signaling
 * @property {LinkOptions['createPeer']} [createPeer]
 * @property {string|null} unable                           why this browser cannot watch, as a key
 * @property {() => boolean} [keyed]                        there is something to open the room with
 * @property {(state: ViewState) => void} changed            facts or state changed
 * @property {(stream: MediaStream) => void} attach          media flows: show this
 * @property {() => void} reattach                           show the same again, with an empty jitter buffer
 */

/** Watches one room, for ever. Owns its connections and the facts about them. */
export class Viewer {
  /** @type {ViewerOptions} */ #options;
  #signaling;
  #link;
  #watchdog = new Watchdog();
  /** @type {ViewFacts} */ #facts;
  #problemAt = 0;
  /** Whether the picture is seen, as the relay was told in this session. @type {boolean|null} */ #seen = null;
  /** The relay let us in, and then not connect: its next welcome does not yet mean that it will. */
  #turnedAway = false;
  #backAt = 0;
  #title = '';
  /** No frame was decoded between the last two looks. */
  #still = false;
  /** @type {ReturnType<typeof setTimeout>|undefined} when a lost socket is worth a word */ #grace;
  /** @type {ReturnType<typeof setInterval>|undefined} */ #sampler;

  /** @param {ViewerOptions} options */
  constructor(options) {
    this.#options = options;
    this.#facts = {
      room: null, up: true, link: 'off', wasConnected: false, wasLive: false, stalled: true, picture: false,
      unable: options.unable, refusal: null, keyed: false, goodbye: null, problem: null,
    };
    this.#signaling = new Signaling({
      ...options.signaling,
      // A page that is left says so. Frames share the storage, and each has a place of its own.
      storage: undefined,
      receive: (message) => this.#receive(message),
      down: () => this.#down(),
    });
    this.#link = new Link({
      signaling: this.#signaling,
      createPeer: options.createPeer,
      munge: stereo,
      prepare: (pc) => this.#prepare(pc),
      changed: (link) => this.#linkChanged(link),
    });
  }

  /** @returns {Readonly<ViewFacts>} */
  get facts() {
    return this.#facts;
  }

  get state() {
    return viewState(this.#facts);
  }

  get peer() {
    return this.#link.peer;
  }

  /** When the relay is asked again for a place, in milliseconds of Date.now(); 0: it is not. */
  get retryAt() {
    return this.#signaling.retryAt;
  }

  /** When whoever was sent away may come back, in milliseconds of Date.now(); 0: at any time. */
  get backAt() {
    return this.#backAt;
  }

  /** What the room is called; empty for nothing but its name. */
  get title() {
    return this.#title;
  }

  get socket() {
    return this.#signaling.socket;
  }

  start() {
    this.#link.start();
    this.#signaling.start();
    this.#sampler = setInterval(() => void this.#sample(), SAMPLE_EVERY);
  }

  /** The page goes away: the relay is told, so that it need not find out. */
  stop() {
    clearInterval(this.#sampler);
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#signaling.send({ type: 'leave' });
    this.#signaling.stop();
    this.#link.stop();
  }

  /** A person wants in, after having been sent away or with another key. */
  again() {
    this.#turnedAway = false;
    this.#backAt = 0;
    this.#update({ refusal: null, goodbye: null, room: null, up: true });
    if (this.#link.state === 'off') this.#link.start();
    this.#signaling.again();
  }

  /** Joins again, in the same place and with the media as it is: who this is has changed. */
  introduce() {
    if (this.#signaling.up) this.#signaling.again();
  }

  /** After a wake-up. */
  check() {
    this.#signaling.check();
    this.#link.check();
  }

  /** A frame was decoded. */
  frame() {
    const over = this.#facts.problem && Date.now() - this.#problemAt > PROBLEM_STAYS;
    if (over) this.#update({ problem: null, picture: true });
    else if (!this.#facts.picture && this.#facts.room?.state === 'live') this.#update({ picture: true });
  }

  /** @param {FromRelay} message */
  #receive(message) {
    switch (message.type) {
      case 'welcome': return this.#welcomed(message);
      case 'room':
        this.#roomChanged(message);
        if (message.state !== 'idle') this.#link.goOn();
        return;
      case 'answer': return void this.#link.answered(message.sdp);
      case 'error': return this.#failed(message);
      case 'bye': return this.#bye(message.reason);
    }
  }

  /** @param {Welcome} message */
  #welcomed(message) {
    clearTimeout(this.#grace);
    this.#grace = undefined;
    this.#seen = null;
    this.#title = message.title ?? this.#title;
    const refusal = this.#turnedAway ? this.#facts.refusal : null;
    this.#update({ up: true, refusal, goodbye: null });
    this.#roomChanged(message);
    this.#link.welcomed(message);
  }

  /** @param {Room} room */
  #roomChanged(room) {
    const before = this.#facts.room;
    const facts = { room, wasLive: this.#facts.wasLive || room.state === 'live' };
    // What is on the screen belongs to an earlier presentation.
    const stale = room.state === 'idle' ? { picture: false, problem: null } : {};
    const otherCodec = before && before.video !== room.video ? { problem: null } : {};
    this.#update({ ...facts, ...stale, ...otherCodec });
  }

  /** @param {LinkState} link */
  #linkChanged(link) {
    if (link === 'connected') this.#turnedAway = false;
    this.#update(link === 'connected' ? { link, wasConnected: true, refusal: null } : { link });
  }

  /** @param {ErrorMessage} error */
  #failed(error) {
    if (shutsOut(error)) this.#turnedAway = this.#signaling.up;
    if (!this.#signaling.up || shutsOut(error)) return this.#refused(error);
    if (error.code === 'not-live') return this.#rest();
    if (!TROUBLES.has(error.code)) return void this.#link.refused(error.retryAfter);
    this.#problemAt = Date.now();
    // Before anything was agreed on, it is the offer that was refused.
    const refused = this.#link.unanswered && this.#link.refused(error.retryAfter);
    this.#update({ problem: error, refusal: refused ? error : this.#facts.refusal });
  }

  /** Over HTTP there are no connections to an idle room, so that none is lost. */
  #rest() {
    this.#turnedAway = false;
    this.#update({ wasConnected: false, refusal: null });
    this.#link.rest();
  }

  /** @param {string} reason */
  #bye(reason) {
    this.#link.ended(reason);
    if (!isGone(reason)) return this.#update({ goodbye: reason });
    this.#signaling.rest();
    this.#link.stop();
    this.#update({ goodbye: reason, refusal: null, room: null, picture: false, problem: null, wasLive: false, wasConnected: false });
  }

  /** @param {ErrorMessage} refusal */
  #refused(refusal) {
    const keyed = this.#options.keyed?.() ?? false;
    this.#backAt = refusal.reason === 'removed' && refusal.retryAfter ? Date.now() + 1_000 * refusal.retryAfter : 0;
    // Whoever only comes back late is let in again by itself, with what is on the screen.
    const shown = this.#link.state === 'connected' ? {} : { picture: false };
    this.#update({ refusal, keyed, ...shown });
  }

  #down() {
    this.#grace ??= setTimeout(() => this.#update({ up: false }), GRACE);
  }

  /** @param {RTCPeerConnection} pc */
  #prepare(pc) {
    this.#watchdog.reset();
    const stream = new MediaStream();
    const show = () => this.#options.attach(stream);
    for (const kind of /** @type {const} */ (['video', 'audio'])) {
      const { receiver } = pc.addTransceiver(kind, { direction: 'recvonly' });
      // A screen is for following along: no delay is kept in reserve.
      if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = 0;
      stream.addTrack(receiver.track);
      // Not before media flows, where an empty stream would blank the last picture.
      receiver.track.onunmute = () => {
        if (kind === 'video' || !this.#facts.room?.video) show();
      };
    }
    // Where there is no picture to lose, at once: an element drops what is decoded
    // before it is ready, and on a still screen the next frame is a second away.
    if (!this.#facts.picture) show();
  }

  async #sample() {
    const pc = this.#link.peer;
    if (!pc || this.#facts.link !== 'connected') return;
    const sample = inbound(await pc.getStats());
    if (!sample || pc !== this.#link.peer) return;
    const { advanced, remedy } = this.#watchdog.feed(sample, Date.now());
    // A screen that stands still has about one frame a second: none between two looks may be chance.
    const stalled = !advanced && this.#still;
    this.#still = !advanced;
    if (this.#facts.stalled !== stalled) this.#update({ stalled });
    if (advanced) this.frame();
    if (remedy === 'reattach') this.#options.reattach();
    if (remedy === 'renew' && !this.#facts.problem) this.#link.renew();
  }

  /** @param {Partial<ViewFacts>} facts */
  #update(facts) {
    this.#facts = { ...this.#facts, ...facts };
    this.#tell();
    this.#options.changed(this.state);
  }

  /** Tells the relay whether the picture is seen, where that is news. */
  #tell() {
    const picture = this.state === 'live';
    if (this.#seen === picture) return;
    if (this.#signaling.send({ type: 'picture', picture })) this.#seen = picture;
  }
}
