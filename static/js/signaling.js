// The WebSocket to the relay: joins, stays joined, and knows when it is dead.

import { Backoff } from './backoff.js';
import { shutsOut, untilOf } from './refusals.js';

/** @import { Bye, FromPage, FromRelay, Join, Welcome, ErrorMessage } from './messages.js' */
/** @import { Until } from './refusals.js' */

/** A connection attempt without a welcome by then has failed (SYN lost, relay stuck). */
const WELCOME_WITHIN = 4_000;
/** The relay pings every 10 s. */
const SILENCE = 25_000;
/** How soon a relay that is there answers a ping. */
const PONG_WITHIN = 2_000;
/** How soon to ask again for a place that was refused, in seconds. */
const REFUSED_RETRY = 2;
/** After such a goodbye there is no place to come back to. */
const PLACELESS = new Set(['left', 'replaced', 'removed', 'blocked', 'ended', 'handed-over', 'too-much']);

/**
 * What is used of a WebSocket.
 * @typedef {object} Socket
 * @property {((event: any) => void)|null} onopen
 * @property {((event: any) => void)|null} onmessage
 * @property {((event: any) => void)|null} onclose
 * @property {(text: string) => void} send
 * @property {() => void} close
 * @property {number} [patience]   milliseconds that its welcome may take; not those of a WebSocket
 */

/**
 * @typedef {object} SignalingOptions
 * @property {string} url
 * @property {string} key                      where `resume` is kept in the storage
 * @property {Pick<Storage, 'getItem'|'setItem'|'removeItem'>} [storage]  for when the page is loaded again
 * @property {string[]} codecs                 what this browser can decode or encode
 * @property {(message: FromRelay) => void} receive   every message but ping and pong
 * @property {() => void} down                 the socket was lost, or could not be opened
 * @property {(url: string) => Socket} [connect]
 * @property {() => Partial<Join>} [introduce]  more fields of a join: who this is, and what opens the room
 */

/** One joined WebSocket, opened again for ever until stopped. Owns its socket and all timers. */
export class Signaling {
  /** @type {SignalingOptions} */ #options;
  /** @type {Socket|null} */ #socket = null;
  #backoff = new Backoff();
  #up = false;
  #running = false;
  /** @type {Until} */ #until = 'again';
  /** When it is asked again by itself, in milliseconds of Date.now(); 0: it is not, or it is being asked. */
  #retryAt = 0;
  /** The latest token, whichever way it came. */
  #resume = '';
  /** What the next join shows of it. */
  #shown;
  /** Milliseconds that the relay asked us to wait. */
  #hold = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} the next attempt, or the end of this one */ #timer;
  /** @type {ReturnType<typeof setTimeout>|undefined} when silence means death */ #silence;

  /** @param {SignalingOptions} options */
  constructor(options) {
    this.#options = options;
    this.#shown = options.storage?.getItem(options.key) ?? '';
  }

  /** Joined: messages can be sent. */
  get up() {
    return this.#up;
  }

  /** When the relay is asked again, in milliseconds of Date.now(); 0: not by itself, or just now. */
  get retryAt() {
    return this.#retryAt;
  }

  /** What the relay gave us, and nobody else knows: our session's; empty while there is none. */
  get secret() {
    return this.#resume;
  }

  /** The socket of the moment. */
  get socket() {
    return this.#socket;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#dial();
  }

  /** Ends for good, as when the page goes away. */
  stop() {
    this.#running = false;
    this.#until = 'again';
    this.#detach();
  }

  /**
   * Sends if joined, and says whether it did.
   * @param {FromPage} message
   */
  send(message) {
    if (!this.#up || !this.#socket) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** Finds out soon whether the relay is there: after a wake-up, or when media stopped. */
  check() {
    if (!this.#running) return;
    if (this.send({ type: 'ping' })) {
      this.#expect(PONG_WITHIN);
    } else if (!this.#socket && this.#until !== 'person') {
      this.#dial();
    }
  }

  /** A person wants in: at once, with whatever there is to show now. */
  again() {
    if (!this.#running) return;
    this.#detach();
    this.#dial();
  }

  /** Stays away until a person wants in. */
  rest() {
    this.#detach();
    this.#until = 'person';
  }

  /** Takes the place that a secret opens. @param {string} secret */
  take(secret) {
    // What this page was until now it is no longer.
    this.send({ type: 'leave' });
    this.#resumable(secret);
    this.again();
  }

  /** Keeps the session: whoever joins from here the next time takes its place. */
  keep() {
    this.#shown = this.#resume;
    this.#options.storage?.setItem(this.#options.key, this.#resume);
  }

  /** Forgets the session: the next join is a newcomer's. */
  forget() {
    this.#shown = '';
    this.#options.storage?.removeItem(this.#options.key);
  }

  #dial() {
    clearTimeout(this.#timer);
    this.#until = 'again';
    this.#retryAt = 0;
    /** @type {Socket} */ const socket = (this.#options.connect ?? ((url) => new WebSocket(url)))(this.#options.url);
    this.#socket = socket;
    this.#timer = setTimeout(() => this.#lost(), socket.patience ?? WELCOME_WITHIN);
    socket.onopen = () => this.#join(socket);
    socket.onmessage = ({ data }) => this.#read(data);
    socket.onclose = () => this.#lost();
  }

  /** @param {Socket} socket */
  #join(socket) {
    const { codecs, introduce = () => ({}) } = this.#options;
    /** @type {FromPage} */ const join = { ...introduce(), type: 'join', resume: this.#shown || undefined, codecs };
    socket.send(JSON.stringify(join));
  }

  /** @param {string} data */
  #read(data) {
    this.#expect(SILENCE);
    /** @type {FromRelay} */
    const message = JSON.parse(data);
    switch (message.type) {
      case 'ping': this.send({ type: 'pong' }); return;
      case 'pong': return;
      case 'welcome': this.#welcomed(message); break;
      case 'answer': this.#resumable(message.resume); break;
      case 'error': this.#refused(message); break;
      case 'bye': this.#ended(message); break;
    }
    this.#options.receive(message);
  }

  /** @param {Welcome} message */
  #welcomed(message) {
    clearTimeout(this.#timer);
    this.#up = true;
    this.#hold = 0;
    this.#backoff.reset();
    this.#resumable(message.resume);
  }

  /** @param {Bye} message */
  #ended({ reason, retryAfter = 0 }) {
    this.#hold = 1_000 * retryAfter;
    if (PLACELESS.has(reason)) this.#resumable('');
  }

  /** @param {string} [resume] */
  #resumable(resume) {
    if (resume === undefined) return;
    this.#resume = resume;
    this.keep();
  }

  /** An error before the welcome refuses the place, as do a few at the offer; others do not end the session. @param {ErrorMessage} message */
  #refused(message) {
    if (this.#up && !shutsOut(message)) return;
    this.#hold = 1_000 * (message.retryAfter ?? REFUSED_RETRY);
    this.#until = untilOf(message);
  }

  /** @param {number} within */
  #expect(within) {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), within);
  }

  #lost() {
    this.#detach();
    this.#options.down();
    if (!this.#running || this.#until !== 'again') return;
    const delay = Math.max(this.#hold, this.#backoff.next());
    this.#hold = 0;
    this.#retryAt = Date.now() + delay;
    this.#timer = setTimeout(() => this.#dial(), delay);
  }

  /** Leaves the socket without hearing from it again. */
  #detach() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    this.#up = false;
    this.#retryAt = 0;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
