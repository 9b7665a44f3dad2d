// A session over HTTP: WHIP (RFC 9725) for a presenter, WHEP (draft-ietf-wish-whep) for a viewer.

import { fragmentOf, originOf, restarted } from './sdpfrag.js';

/** @import { ErrorMessage } from './messages.js' */

/** A request without a response by then has failed. */
export const RESPONSE_WITHIN = 4_000;
/** When the relay has given up a session whose page never got its answer. */
const UNANSWERED_FOR = 15_000;
/** How the server-sent events extension names itself in a Link header. */
const EVENTS = /<([^>]*)>[^<]*rel="urn:ietf:params:whep:ext:core:server-sent-events"/;

/** The relay understood, and said no. */
export class Refusal extends Error {
  /** @param {ErrorMessage} told */
  constructor(told) {
    super(told.message);
    this.told = told;
  }
}

/**
 * What the relay said no with. Anything but its own problem details (RFC 9457) is from a proxy whose relay is away.
 * @param {Response} response
 * @returns {Promise<Error>}
 */
async function refusalOf(response) {
  if (!response.headers.get('Content-Type')?.startsWith('application/problem+json')) return new Error(`HTTP ${response.status}`);
  const { code, detail, since } = await response.json();
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  return new Refusal({ type: 'error', code, message: detail, since, retryAfter });
}

/** One session at a time, the relay's side of which is a URL. Owns that, and what was negotiated there. */
export class HttpSession {
  #endpoint;
  #fetch;
  #location = '';
  #events = '';
  #offer = '';
  #answer = '';
  /** How many sessions the relay has ended. */
  #ended = 0;
  /** The page has joined before. */
  #joined = false;
  /** Until when a session of ours may be at the relay whose URL is not known here. */
  #lingersUntil = 0;

  /**
   * @param {string} endpoint  path, like "/whep/math"
   * @param {typeof fetch} request
   */
  constructor(endpoint, request) {
    this.#endpoint = endpoint;
    this.#fetch = request;
  }

  /** Another one as soon as the relay no longer knows what was negotiated. */
  get id() {
    return `${this.#endpoint}#${this.#ended}`;
  }

  /** Its URL; empty while there is none. */
  get location() {
    return this.#location;
  }

  /** Where its events are asked for; empty where there are none. */
  get events() {
    return this.#events;
  }

  /** What presents in the room may be ours: a session that we could not end. */
  get lingers() {
    return this.#location !== '' || Date.now() < this.#lingersUntil;
  }

  /** A session of ours without a URL may be at the relay for so many milliseconds. @param {number} duration */
  linger(duration) {
    this.#lingersUntil = Math.max(this.#lingersUntil, Date.now() + duration);
  }

  /**
   * A session of this endpoint that the page had before it was loaded again is ours now. Later in the
   * page's life it is that of another page that shares the storage, as frames do.
   * @param {string} location
   */
  adopt(location) {
    if (!this.#joined && location.startsWith(`${this.#endpoint}/`)) this.#location = location;
    this.#joined = true;
  }

  /** Whether the relay still has it. */
  async alive() {
    if (!this.#location) return false;
    const response = await this.#request(this.#location, {});
    if (response.ok) return true;
    if (response.status !== 404) throw await refusalOf(response);
    this.#forget();
    this.#ended++;
    return false;
  }

  /**
   * The answer to an offer. A second one of the same PeerConnection restarts its ICE.
   * @param {string} sdp
   */
  async offer(sdp) {
    const again = this.#answer !== '' && originOf(sdp) === originOf(this.#offer);
    return again ? this.#restart(sdp) : this.#create(sdp);
  }

  /** Ends it; the room is free, or one viewer smaller, at once. */
  async leave() {
    const location = this.#location;
    if (!location) return;
    // The page may be going away itself.
    const { ok, status } = await this.#request(location, { method: 'DELETE', keepalive: true });
    // Any other response is not the relay's word that it is gone.
    if ((ok || status === 404) && this.#location === location) this.#forget();
  }

  /** @param {string} sdp */
  async #create(sdp) {
    // The room has one presenter, and we would be the second.
    await this.leave();
    const response = await this.#post(sdp);
    this.#lingersUntil = 0;
    this.#location = response.headers.get('Location') ?? '';
    this.#events = EVENTS.exec(response.headers.get('Link') ?? '')?.[1] ?? '';
    this.#offer = sdp;
    this.#answer = await response.text();
    return this.#answer;
  }

  /** @param {string} sdp */
  async #post(sdp) {
    try {
      return await this.#send('POST', this.#endpoint, { 'Content-Type': 'application/sdp' }, sdp);
    } catch (error) {
      // Only the relay's own refusal says that no session was made.
      if (!(error instanceof Refusal)) this.linger(UNANSWERED_FOR);
      else if (error.told.code === 'room-busy' && this.lingers) throw new Refusal({ ...error.told, code: 'unknown' });
      throw error;
    }
  }

  /** @param {string} sdp */
  async #restart(sdp) {
    const headers = { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' };
    const response = await this.#send('PATCH', this.#location, headers, fragmentOf(sdp));
    this.#answer = restarted(this.#answer, await response.text());
    return this.#answer;
  }

  /** @param {string} method @param {string} url @param {Record<string, string>} headers @param {string} body */
  async #send(method, url, headers, body) {
    const response = await this.#request(url, { method, headers, body });
    if (!response.ok) throw await refusalOf(response);
    return response;
  }

  /** @param {string} url @param {RequestInit} init */
  #request(url, init) {
    return this.#fetch(url, { ...init, cache: 'no-store', signal: AbortSignal.timeout(RESPONSE_WITHIN) });
  }

  #forget() {
    this.#location = this.#events = this.#offer = this.#answer = '';
  }
}
