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
/** A working connection that is replaced within this is not worth a word. */
const GRACE = 1_500;
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
  /** One takes the place of another that worked, and nobody has been told. */
  #quiet = false;
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

  /** The PeerConnection that media takes. */
  get peer() {
    return this.#retired ?? this.#pc;
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
    const peers = [this.#pc, this.#retired];
    this.#pc = this.#retired = null;
    clearTimeout(this.#timer);
    setTimeout(() => peers.forEach((pc) => pc?.close()), LEAVE_FIRST);
  }

  /** Replaces the PeerConnection, with whatever prepare adds now. */
  renew() {
    if (this.#state === 'off') return;
    this.#set('connecting');
    this.#replace();
  }

  /** After a wake-up: what looks broken is mended now, not in a while. */
  check() {
    // In any other state it is being mended.
    if (this.#state === 'connected' && !this.#quiet && this.#pc?.connectionState !== 'connected') this.#restart();
  }

  /** @param {Welcome} welcome */
  welcomed(welcome) {
    const resumed = welcome.id === this.#session;
    const ended = this.#session === '';
    this.#session = welcome.id;
    this.#iceServers = welcome.iceServers;
    this.#awaiting = [];
    if (this.#state === 'off') return;
    // Another id: there is another way to the relay now, or it knows nothing of our
    // PeerConnection (it was restarted, say), even where ICE has not noticed yet.
    if (ended) this.#renew();
    else if (!resumed || !this.#pc?.remoteDescription) this.#succeed();
    else if (this.#pc.connectionState !== 'connected') this.#restart();
  }

  /** @param {string} sdp */
  async answered(sdp) {
    const pc = this.#awaiting.shift();
    if (!pc || pc !== this.#pc) return;
    this.#retire();
    if (this.#quiet) this.#after(GRACE, () => this.#delayed());
    try {
      await pc.setRemoteDescription({ type: 'answer', sdp });
    } catch {
      if (pc === this.#pc) this.#retry();
    }
  }

  /**
   * The relay sent an error. Says whether it was its answer to an offer, and nothing else works.
   * @param {number} [retryAfter]  seconds that it asks us to wait
   */
  refused(retryAfter = 0) {
    const pc = this.#awaiting.shift();
    if (!pc || pc !== this.#pc) return false;
    this.#retry(1_000 * retryAfter);
    return !this.#quiet;
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

  /** Another PeerConnection in the place of one that may still work. */
  #succeed() {
    if (this.#state !== 'connected' || this.peer?.connectionState !== 'connected') return this.#renew();
    this.#quiet = true;
    this.#replace();
  }

  /** The one that works does so until its successor is answered. */
  #replace() {
    const before = this.peer;
    if (this.#pc !== before) this.#pc?.close();
    this.#pc = this.#retired = null;
    this.#renew();
    this.#retired = before;
  }

  /** The successor takes its time. */
  #delayed() {
    this.#set('lost');
    this.#after(CONNECT_WITHIN - GRACE, () => this.#retry());
  }

  #renew() {
    if (this.#state === 'connected' && !this.#quiet) this.#set('lost');
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
    const delay = Math.max(hold, this.#backoff.next());
    if (this.#quiet && this.#retired) {
      this.#pc?.close();
      this.#pc = null;
      return this.#after(delay, () => this.#succeed());
    }
    this.#set('failing');
    this.#drop();
    this.#after(delay, () => this.#renew());
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
    if (pc === this.#retired && this.#quiet) return this.#set('lost');
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
    this.#quiet = false;
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
