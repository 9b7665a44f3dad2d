// A session over HTTP: WHIP (RFC 9725) for a presenter, WHEP (draft-ietf-wish-whep) for a viewer.

import { fragmentOf, originOf, restarted } from './sdpfrag.js';
import { randomWord } from './secret.js';

/** @import { ErrorMessage } from './messages.js' */

/** A request without a response by then has failed. */
export const RESPONSE_WITHIN = 4_000;
/** The header of the secret that opens a session's place, at this door and at the WebSocket's. */
const RESUME = 'Relay-Resume';
/** The header of the token for the viewers' link. */
const INVITE = 'Relay-Invite';
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
export async function refusalOf(response) {
  if (!isProblem(response.headers)) return new Error(`HTTP ${response.status}`);
  const { code, detail, reason, since } = await response.json();
  const retryAfter = Number(response.headers.get('Retry-After')) || undefined;
  return new Refusal({ type: 'error', code, message: detail, reason, since, retryAfter });
}

/** Whether these are the relay's words, and no proxy's. @param {Headers} headers */
export function isProblem(headers) {
  return headers.get('Content-Type')?.startsWith('application/problem+json') ?? false;
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
  /** The relay's latest. */
  #secret = '';
  /** Shown where there is none: if an answer is lost, the relay knows by it who asks again. */
  #own = randomWord();
  /** What opens the room for viewers; empty where nothing need be shown, or nothing was given. */
  #invite = '';

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

  /** What takes its place, whichever way: the relay's latest; empty while there is none. */
  get secret() {
    return this.#secret;
  }

  /** A token for the viewers' link; empty where the relay gave none. */
  get invite() {
    return this.#invite;
  }

  /** The next session takes the place that this opens; an empty one is a newcomer's. @param {string} secret */
  resume(secret) {
    this.#secret = secret;
  }

  /** Whether the relay still has it. */
  async alive() {
    if (!this.#location) return false;
    const response = await this.#request(this.#location, {});
    if (response.ok) return true;
    if (response.status !== 404) throw await refusalOf(response);
    this.forget();
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
    if ((!ok && status !== 404) || this.#location !== location) return;
    this.forget();
    this.#secret = '';
  }

  /** It goes on at the relay without us. */
  forget() {
    this.#location = this.#events = this.#offer = this.#answer = '';
  }

  /** @param {string} sdp */
  async #create(sdp) {
    const headers = { 'Content-Type': 'application/sdp', [RESUME]: this.#secret || this.#own };
    const response = await this.#send('POST', this.#endpoint, headers, sdp);
    this.#secret = response.headers.get(RESUME) ?? '';
    this.#own = randomWord();
    this.#invite = response.headers.get(INVITE) ?? '';
    this.#location = response.headers.get('Location') ?? '';
    this.#events = EVENTS.exec(response.headers.get('Link') ?? '')?.[1] ?? '';
    this.#offer = sdp;
    this.#answer = await response.text();
    return this.#answer;
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
}
