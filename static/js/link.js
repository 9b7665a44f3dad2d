// The PeerConnection to the relay and its recovery: wait, ICE restart, new connection.

import { Backoff } from './backoff.js';

/** @import { Signaling } from './signaling.js' */
/** @import { Welcome } from './messages.js' */

/** ICE often comes back by itself within this. */
const PATIENCE = 2_000;
/** A restart that has not connected by then will not. */
const RESTART_WITHIN = 5_000;
/** How long the relay gives a new connection. */
const CONNECT_WITHIN = 10_000;
/** The end of the connection must not reach the relay before our "leave" does. */
const LEAVE_FIRST = 500;

/** @typedef {'off'|'connecting'|'connected'|'lost'|'failing'} LinkState */

/**
 * @typedef {object} LinkOptions
 * @property {Pick<Signaling, 'up'|'send'|'check'>} signaling
 * @property {(pc: RTCPeerConnection) => void} prepare    adds the transceivers
 * @property {(sdp: string) => string} [munge]            changes our own offer
 * @property {(state: LinkState) => void} changed
 * @property {(config: RTCConfiguration) => RTCPeerConnection} [createPeer]
 */

/**
 * Keeps one PeerConnection connected for as long as it is wanted. The page
 * offers, the relay answers. Owns the PeerConnections and the recovery timer.
 */
export class Link {
  /** @type {LinkOptions} */ #options;
  /** @type {RTCPeerConnection|null} */ #pc = null;
  /** A PeerConnection that works until its successor is answered. @type {RTCPeerConnection|null} */ #retired = null;
  /** @type {LinkState} */ #state = 'off';
  /** Whose offer is being made. @type {RTCPeerConnection|null} */ #offering = null;
  /** Whose offers the relay has yet to answer, in order, on this socket. @type {RTCPeerConnection[]} */ #awaiting = [];
  /** @type {RTCIceServer[]} */ #iceServers = [];
  /** The relay's name for the session that the PeerConnection belongs to. */
  #session = '';
  #backoff = new Backoff();
  /** @type {ReturnType<typeof setTimeout>|undefined} the next step of recovery */ #timer;

  /** @param {LinkOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get state() {
    return this.#state;
  }

  /** The PeerConnection of the moment. */
  get peer() {
    return this.#pc;
  }

  /** The relay has yet to answer the first offer of the PeerConnection of the moment. */
  get unanswered() {
    return this.#pc !== null && this.#awaiting[0] === this.#pc && !this.#pc.remoteDescription;
  }

  /** From now on a connection is wanted. */
  start() {
    this.#set('connecting');
    this.#renew();
  }

  stop() {
    this.#set('off');
    const pc = this.#pc;
    this.#pc = null;
    this.#drop();
    setTimeout(() => pc?.close(), LEAVE_FIRST);
  }

  /** Replaces the PeerConnection, with whatever prepare adds now. */
  renew() {
    if (this.#state === 'off') return;
    this.#set('connecting');
    const before = this.#pc;
    this.#pc = null;
    this.#renew();
    this.#retired = before;
  }

  /** After a wake-up: what looks broken is mended now, not in a while. */
  check() {
    // In any other state it is being mended.
    if (this.#state === 'connected' && this.#pc?.connectionState !== 'connected') this.#restart();
  }

  /** @param {Welcome} welcome */
  welcomed(welcome) {
    const resumed = welcome.id === this.#session;
    this.#session = welcome.id;
    this.#iceServers = welcome.iceServers;
    this.#awaiting = [];
    if (this.#state === 'off') return;
    // Another id: the relay knows nothing of our PeerConnection (it was restarted, say),
    // even where ICE has not noticed yet.
    if (!resumed || !this.#pc?.remoteDescription) this.#renew();
    else if (this.#pc.connectionState !== 'connected') this.#restart();
  }

  /** @param {string} sdp */
  async answered(sdp) {
    const pc = this.#awaiting.shift();
    if (!pc || pc !== this.#pc) return;
    this.#retire();
    try {
      await pc.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      if (pc === this.#pc) this.#retry();
    }
  }

  /**
   * The relay sent an error. Says whether it was its answer to an offer.
   * @param {number} [retryAfter]  seconds that it asks us to wait
   */
  refused(retryAfter = 0) {
    const pc = this.#awaiting.shift();
    if (!pc || pc !== this.#pc) return false;
    this.#retry(1_000 * retryAfter);
    return true;
  }

  /** The relay has nothing to send, and makes no connection until it has. */
  rest() {
    this.#awaiting.shift();
    this.#set('connecting');
    this.#drop();
  }

  /** The relay has something to send. */
  goOn() {
    if (this.#state === 'connecting' && !this.#pc) this.#renew();
  }

  /** The relay ended the session: the next welcome needs a new PeerConnection. @param {string} reason */
  ended(reason) {
    this.#session = '';
    if (reason === 'never-connected' && this.#state !== 'off') this.#set('failing');
  }

  #renew() {
    if (this.#state === 'connected') this.#set('lost');
    this.#drop();
    if (!this.#options.signaling.up) return;
    try {
      this.#open();
    } catch {
      // Browsers refuse for a while: too many connections, a device that is just going.
      return this.#retry();
    }
    this.#after(CONNECT_WITHIN, () => this.#retry());
  }

  #open() {
    const { createPeer = (config) => new RTCPeerConnection(config), prepare, signaling } = this.#options;
    // One transport: with one for each kind, half of the candidates would be for nothing.
    const pc = createPeer({ iceServers: this.#iceServers, bundlePolicy: 'max-bundle' });
    this.#pc = pc;
    pc.onconnectionstatechange = () => this.#moved(pc);
    pc.onicecandidate = ({ candidate }) => {
      signaling.send({ type: 'candidate', candidate: candidate?.toJSON() ?? null });
    };
    prepare(pc);
    void this.#offer(pc, false);
  }

  #restart() {
    const { signaling } = this.#options;
    // An offer on its way is a restart already: a second answer would fit nothing.
    if (!this.#pc || this.#offering === this.#pc || this.#awaiting.includes(this.#pc)) return;
    this.#set('lost');
    clearTimeout(this.#timer);
    // Without a socket the next welcome brings us back here.
    if (!signaling.up) return signaling.check();
    this.#after(RESTART_WITHIN, () => this.#renew());
    void this.#offer(this.#pc, true);
  }

  /** A connection could not be made: says so, and goes on trying. @param {number} [hold]  milliseconds to wait at least */
  #retry(hold = 0) {
    this.#set('failing');
    this.#drop();
    this.#after(Math.max(hold, this.#backoff.next()), () => this.#renew());
  }

  /**
   * @param {RTCPeerConnection} pc
   * @param {boolean} iceRestart
   */
  async #offer(pc, iceRestart) {
    const { signaling, munge } = this.#options;
    this.#offering = pc;
    try {
      const { sdp = '' } = await pc.createOffer({ iceRestart });
      if (pc !== this.#pc) return;
      await pc.setLocalDescription({ type: 'offer', sdp: munge ? munge(sdp) : sdp });
    } catch {
      if (pc === this.#pc) this.#retry();
      return;
    }
    if (pc !== this.#pc) return;
    this.#offering = null;
    if (!signaling.send({ type: 'offer', sdp: pc.localDescription?.sdp ?? '' })) return;
    this.#awaiting.push(pc);
    // The answer comes at once; if not even a pong does, the socket is dead.
    signaling.check();
  }

  /** @param {RTCPeerConnection} pc */
  #moved(pc) {
    if (pc !== this.#pc) return;
    switch (pc.connectionState) {
      case 'connected':
        clearTimeout(this.#timer);
        this.#backoff.reset();
        this.#set('connected');
        break;
      case 'disconnected':
        if (this.#state === 'connected') this.#after(PATIENCE, () => this.#restart());
        break;
      case 'failed':
        if (pc.remoteDescription) this.#restart();
        else this.#retry();
    }
  }

  /** @param {LinkState} state */
  #set(state) {
    // Until connected, "failing" says more than the attempts that follow it.
    if (state === this.#state || (this.#state === 'failing' && state === 'lost')) return;
    this.#state = state;
    this.#options.changed(state);
  }

  /**
   * @param {number} delay
   * @param {() => void} step
   */
  #after(delay, step) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(step, delay);
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#retire();
    this.#pc?.close();
    this.#pc = null;
  }

  #retire() {
    this.#retired?.close();
    this.#retired = null;
  }
}
