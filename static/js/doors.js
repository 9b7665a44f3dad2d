// Which way signaling takes: a WebSocket, or HTTP where no WebSocket gets through.

import { HttpSession, isProblem } from './httpsession.js';
import { HttpSocket } from './httpsocket.js';
import { endpoint, roomURL } from './room.js';

/** @import { Socket } from './signaling.js' */

/** So many WebSockets in a row that heard nothing while the relay answers HTTP: none will. */
const ATTEMPTS = 2;
/** A relay that answers by then is there. */
const ANSWER_WITHIN = 4_000;
/** How soon a WebSocket is tried again: networks change, and so do proxies. */
const TRY_AGAIN = 60_000;

/**
 * @typedef {object} DoorsOptions
 * @property {'push'|'pull'} page
 * @property {string} room
 * @property {() => Record<string, string>} [headers]  who this is, and what opens the room
 * @property {typeof fetch} [request]
 * @property {(url: string) => WebSocket} [createSocket]
 */

/**
 * Requests that say who makes them.
 * @param {typeof fetch} request
 * @param {() => Record<string, string>} headers
 * @returns {typeof fetch}
 */
function introduced(request, headers) {
  return (url, init = {}) => request(url, { ...init, headers: { ...headers(), .../** @type {Record<string, string>} */ (init.headers) } });
}

/** Whether the relay itself answered, if only to say no. @param {Response} response */
function isRelays({ ok, headers }) {
  return ok || isProblem(headers);
}

/** Opens sockets for one page. Owns the choice of the way. */
export class Doors {
  #page;
  #room;
  #request;
  #createSocket;
  #session;
  /** WebSockets that something kept from the relay, since the last message of one. */
  #blocked = 0;
  /** When a WebSocket was made. */
  #triedAt = 0;
  /** Asks whether the relay is there. @type {AbortController|null} */ #asking = null;

  /** @param {DoorsOptions} options */
  constructor({ page, room, headers = () => ({}), request = fetch.bind(globalThis), createSocket = (url) => new WebSocket(url) }) {
    this.#page = page;
    this.#room = room;
    this.#request = introduced(request, headers);
    this.#createSocket = createSocket;
    this.#session = new HttpSession(endpoint(page, room), this.#request);
  }

  /**
   * @param {string} url  of the WebSocket
   * @returns {Socket}
   */
  open(url) {
    // None is worth a try now.
    if (this.#blocked >= ATTEMPTS && Date.now() - this.#triedAt < TRY_AGAIN) return this.#overHTTP();
    this.#triedAt = Date.now();
    try {
      return this.#webSocket(url);
    } catch {
      // Browsers that have none, or are told to make none, say so at once.
      this.#blocked = ATTEMPTS;
      return this.#overHTTP();
    }
  }

  /** @param {string} url */
  #webSocket(url) {
    const socket = this.#createSocket(url);
    let counted = false;
    const count = () => {
      if (!counted) void this.#count();
      counted = true;
    };
    socket.addEventListener('message', () => {
      if (!counted) this.#works();
      counted = true;
    });
    socket.addEventListener('close', count);
    const close = socket.close.bind(socket);
    // Whoever gives it up has heard nothing; browsers say so a minute later, or never.
    socket.close = () => {
      count();
      close();
    };
    return socket;
  }

  /** The relay was heard. It has handed over there what is had over HTTP. */
  #works() {
    this.#blocked = 0;
    this.#asking?.abort();
    this.#asking = null;
    this.#session.forget();
  }

  /** A relay that does not answer at all is not there, and lets nothing in. */
  async #count() {
    // Of several that failed without a network, each would be answered for once it is back.
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    const timer = setTimeout(() => asking.abort(), ANSWER_WITHIN);
    const answers = await this.#request(roomURL(this.#room), { cache: 'no-store', signal: asking.signal }).then(isRelays, () => false);
    clearTimeout(timer);
    if (asking !== this.#asking) return;
    this.#asking = null;
    this.#blocked = answers ? this.#blocked + 1 : 0;
  }

  #overHTTP() {
    const role = this.#page === 'push' ? /** @type {const} */ ('publisher') : 'viewer';
    return new HttpSocket({ role, room: this.#room, session: this.#session, request: this.#request });
  }
}
