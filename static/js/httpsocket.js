// What looks like the signaling WebSocket and speaks WHIP or WHEP, for networks that let no WebSocket through.

import { HttpSession, Refusal, RESPONSE_WITHIN } from './httpsession.js';
import { RoomEvents } from './roomevents.js';
import { roomURL } from './room.js';

/** @import { FromPage, FromRelay, Join, Room } from './messages.js' */
/** @import { EventsOptions } from './roomevents.js' */

/** How often the room is asked about. */
const POLL_EVERY = 2_000;
/** And how often where events tell of each change. */
const LOOK_EVERY = 10_000;

/**
 * @typedef {object} HttpSocketOptions
 * @property {'publisher'|'viewer'} role
 * @property {string} room
 * @property {HttpSession} session      outlives the socket, as the media does
 * @property {typeof fetch} request
 * @property {EventsOptions['createSource']} [createSource]
 */

/**
 * Turns messages into requests, one after the other, and what the relay responds into
 * messages. Candidates are not sent: the relay sees where our checks come from, and that is
 * all it needs of us. Owns the polling and the events.
 */
export class HttpSocket {
  /** @type {((event: {}) => void)|null} */ onopen = null;
  /** @type {((event: {data: string}) => void)|null} */ onmessage = null;
  /** @type {((event: {}) => void)|null} */ onclose = null;
  #options;
  #session;
  /** The end of the request before. */
  #before = Promise.resolve();
  #closed = false;
  /** @type {string[]} what this browser can play */ #codecs = [];
  /** The codec of which the page knows whether it can be played. @type {Room['video']} */ #judged = null;
  /** @type {RoomEvents|null} */ #events = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} when the room is asked about next */ #timer;

  /** @param {HttpSocketOptions} options */
  constructor(options) {
    this.#options = options;
    this.#session = options.session;
    this.#next(async () => {
      await this.#room();
      this.onopen?.({});
    });
  }

  /** @param {string} text */
  send(text) {
    /** @type {FromPage} */ const message = JSON.parse(text);
    switch (message.type) {
      case 'join': return this.#next(() => this.#join(message));
      case 'offer': return this.#next(() => this.#offered(message.sdp));
      case 'leave': return this.#leave();
      case 'ping': return this.#next(() => this.#poll());
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#events?.close();
  }

  /** @param {Join} join */
  async #join({ resume = '', codecs = [] }) {
    this.#codecs = codecs;
    this.#session.adopt(resume);
    const { role, room } = this.#options;
    const alive = await this.#session.alive();
    const fields = await this.#room();
    if (role === 'publisher' && !alive && fields.state !== 'idle') return this.#busy(fields);
    const known = { id: this.#session.id, resume: this.#session.location };
    this.#say({ type: 'welcome', ...known, room, role, iceServers: [], origins: null, ...fields });
    this.#judge(fields);
    this.#listen();
    this.#later();
  }

  /** Somebody else presents here. @param {Room} fields */
  #busy({ since }) {
    this.#say({ type: 'error', code: 'room-busy', message: '', since: since ?? undefined });
    this.#end();
  }

  /** @param {string} sdp */
  async #offered(sdp) {
    try {
      const answer = await this.#session.offer(sdp);
      this.#say({ type: 'answer', sdp: answer, resume: this.#session.location });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return this.#say(error.told);
    }
    this.#listen();
  }

  /** At once, since the page may be going away; and once more for a session that is just being made. */
  #leave() {
    const left = this.#session.leave();
    this.#next(async () => {
      await left;
      await this.#session.leave();
      this.#say({ type: 'bye', reason: 'left' });
    });
    // What follows may never see it fail.
    left.catch(() => {});
  }

  /** To the session's events, if it has any. */
  #listen() {
    const { request, createSource } = this.#options;
    const url = this.#session.events;
    if (this.#closed || url === (this.#events?.url ?? '')) return;
    this.#events?.close();
    this.#events = url ? new RoomEvents({ url, request, createSource, changed: () => this.#next(() => this.#poll()) }) : null;
  }

  /** Tells what the room is like, if the relay has not lost our session. */
  async #poll() {
    if (this.#session.location && !(await this.#session.alive())) return this.#end();
    const fields = await this.#room();
    this.#say({ type: 'room', ...fields });
    this.#judge(fields);
    this.#later();
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#next(() => this.#poll()), this.#events?.open ? LOOK_EVERY : POLL_EVERY);
  }

  /** @returns {Promise<Room>} */
  async #room() {
    const init = { cache: /** @type {const} */ ('no-store'), signal: AbortSignal.timeout(RESPONSE_WITHIN) };
    const response = await this.#options.request(roomURL(this.#options.room), init);
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    const { state, since, video, audio, viewers } = await response.json();
    return { state, since, video, audio, viewers };
  }

  /** WHEP cannot tell a player that it lacks the room's codec. @param {Room} fields */
  #judge({ video }) {
    if (this.#options.role === 'publisher' || video === this.#judged) return;
    this.#judged = video;
    if (video && !this.#codecs.includes(`video/${video}`)) this.#say({ type: 'error', code: 'codec-unsupported', message: '' });
  }

  /** @param {() => Promise<void>} step */
  #next(step) {
    this.#before = this.#before.then(step).catch(() => this.#end());
  }

  /** @param {FromRelay} message */
  #say(message) {
    if (!this.#closed) this.onmessage?.({ data: JSON.stringify(message) });
  }

  #end() {
    if (this.#closed) return;
    this.close();
    this.onclose?.({});
  }
}
