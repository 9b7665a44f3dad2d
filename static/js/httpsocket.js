// What looks like the signaling WebSocket and speaks WHIP or WHEP, for networks that let no WebSocket through.

import { HttpSession, Refusal, refusalOf, RESPONSE_WITHIN } from './httpsession.js';
import { shutsOut } from './refusals.js';
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
  /** The room, the session, and the room again: until then the welcome may take. */
  patience = 3 * RESPONSE_WITHIN;
  #options;
  #session;
  /** The end of the request before. */
  #before = Promise.resolve();
  #closed = false;
  /** The room is about to be asked about. */
  #looking = false;
  /** What was told of it last. @type {Room|null} */ #told = null;
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
      case 'ping': return this.#pong();
    }
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#events?.close();
  }

  /** It says that the socket works. Whether the relay is there each request finds out within its own limit. */
  #pong() {
    queueMicrotask(() => this.#say({ type: 'pong' }));
    this.#look();
  }

  /** @param {Join} join */
  async #join({ resume = '', codecs = [] }) {
    this.#codecs = codecs;
    const { role, room } = this.#options;
    this.#session.resume(resume);
    await this.#session.alive();
    const fields = await this.#room();
    // Whether a secret opens the room, the offer that shows it will tell.
    if (role === 'publisher' && !resume && fields.state !== 'idle') return this.#busy(fields);
    this.#told = fields;
    this.#say({ type: 'welcome', id: this.#session.id, resume, room, role, iceServers: [], origins: null, ...fields });
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
      const { secret, invite } = this.#session;
      this.#say({ type: 'answer', sdp: answer, resume: secret, invite: invite || undefined });
    } catch (error) {
      return this.#refused(error);
    }
    this.#listen();
  }

  /** The relay said no to an offer. Whoever may not be here at all is told as at the door. @param {unknown} error */
  #refused(error) {
    if (!(error instanceof Refusal)) throw error;
    this.#say(error.told);
    if (shutsOut(error.told)) this.#end();
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
    this.#events = url ? new RoomEvents({ url, request, createSource, changed: (viewers) => this.#changed(viewers) }) : null;
  }

  /** Something did. @param {number} [viewers]  all that did */
  #changed(viewers) {
    if (viewers === undefined || !this.#told) this.#look();
    else this.#tell({ ...this.#told, viewers });
  }

  /** @param {Room} fields */
  #tell(fields) {
    this.#told = fields;
    this.#say({ type: 'room', ...fields });
  }

  /** Has the room asked about, as soon as what is being asked is answered. */
  #look() {
    if (this.#looking) return;
    this.#looking = true;
    this.#next(async () => {
      this.#looking = false;
      if (!this.#closed) await this.#poll();
    });
  }

  /** Tells what the room is like, if the relay has not lost our session. */
  async #poll() {
    if (this.#session.location && !(await this.#session.alive())) return this.#end();
    await this.#ask();
    this.#later();
  }

  /** Tells what the room is like. Whoever has a session in it keeps it when what opened the room is too old. */
  async #ask() {
    const fields = await this.#room().catch((error) => {
      if (!this.#session.location || !this.#told || !(error instanceof Refusal)) throw error;
      return this.#told;
    });
    this.#tell(fields);
    this.#judge(fields);
  }

  #later() {
    clearTimeout(this.#timer);
    if (this.#closed) return;
    this.#timer = setTimeout(() => this.#look(), this.#events?.open ? LOOK_EVERY : POLL_EVERY);
  }

  /** @returns {Promise<Room>} */
  async #room() {
    const init = { cache: /** @type {const} */ ('no-store'), signal: AbortSignal.timeout(RESPONSE_WITHIN) };
    const response = await this.#options.request(roomURL(this.#options.room), init);
    if (!response.ok) throw await refusalOf(response);
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
    this.#before = this.#before.then(step).catch((error) => {
      // It is the relay that says so, and not that it cannot be reached.
      if (error instanceof Refusal) this.#say(error.told);
      this.#end();
    });
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
