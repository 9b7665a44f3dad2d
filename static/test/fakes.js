// Stand-ins for what a browser has and Node.js has not.

/** A WebSocket that a test speaks through. All that were made are in `FakeSocket.all`. */
export class FakeSocket {
  static all = [];
  /** Of those that are made. */
  static patience = undefined;
  static get last() {
    return FakeSocket.all.at(-1);
  }

  constructor(url) {
    this.url = url;
    this.patience = FakeSocket.patience;
    this.sent = [];
    this.closed = false;
    FakeSocket.all.push(this);
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.closed = true;
  }

  /** What the relay says. */
  receive(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** Opens, and is welcomed. */
  welcome(fields = {}) {
    this.onopen?.({});
    this.receive({ type: 'welcome', id: 's1', iceServers: [], resume: 'r1', maxBitrate: 8e6, ...room(), ...fields });
  }

  /** All messages of one type that were sent. */
  of(type) {
    return this.sent.filter((message) => message.type === type);
  }
}

/** The fields of a room. */
export function room(fields = {}) {
  return { state: 'idle', since: null, video: null, audio: false, viewers: 0, ...fields };
}

/** Storage of a browser. */
export function storage() {
  const map = new Map();
  return {
    getItem: (key) => map.get(key) ?? null,
    setItem: (key, value) => void map.set(key, value),
    removeItem: (key) => void map.delete(key),
  };
}

/** A track that a test can end. */
export class FakeTrack {
  contentHint = '';
  muted = false;
  stopped = false;
  onended = null;

  constructor(kind) {
    this.kind = kind;
  }

  stop() {
    this.stopped = true;
  }

  /** From outside: a device is unplugged, sharing is stopped. */
  end() {
    this.onended?.({});
  }

  async applyConstraints() {}
}

/** A stream of such tracks. */
export class FakeStream {
  constructor(tracks = []) {
    this.tracks = tracks;
    this.active = true;
  }

  addTrack(track) {
    this.tracks.push(track);
  }

  getTracks() {
    return this.tracks;
  }

  getVideoTracks() {
    return this.tracks.filter((track) => track.kind === 'video');
  }

  getAudioTracks() {
    return this.tracks.filter((track) => track.kind === 'audio');
  }
}

/** A sender; one that is `picky` takes no other track. */
class FakeSender {
  picky = false;

  constructor(track) {
    this.track = track;
    this.parameters = { encodings: [{}] };
  }

  async replaceTrack(track) {
    if (this.picky) throw new DOMException('', 'InvalidModificationError');
    this.track = track;
  }

  getParameters() {
    return structuredClone(this.parameters);
  }

  async setParameters(parameters) {
    this.parameters = parameters;
  }
}

/** A PeerConnection that connects when a test says so. All that were made are in `FakePeer.all`. */
export class FakePeer {
  static all = [];
  static get last() {
    return FakePeer.all.at(-1);
  }

  connectionState = 'new';
  signalingState = 'stable';
  localDescription = null;
  remoteDescription = null;
  offers = [];
  transceivers = [];
  stats = new Map();

  constructor(config) {
    this.config = config;
    FakePeer.all.push(this);
  }

  addTransceiver(trackOrKind, init) {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    const kind = track?.kind ?? trackOrKind;
    const transceiver = {
      kind, init, sender: new FakeSender(track), receiver: { jitterBufferTarget: null, track: new FakeTrack(kind), transport: { state: 'connected' } },
      setCodecPreferences: (codecs) => { transceiver.codecs = codecs; },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  async createOffer(options) {
    this.offers.push(options);
    return { sdp: `offer ${this.offers.length}` };
  }

  async setLocalDescription(description) {
    this.localDescription = description;
    this.signalingState = 'have-local-offer';
  }

  async setRemoteDescription(description) {
    if (this.signalingState !== 'have-local-offer') throw new DOMException('', 'InvalidStateError');
    this.remoteDescription = description;
    this.signalingState = 'stable';
  }

  getReceivers() {
    return this.transceivers.map(({ receiver }) => receiver);
  }

  async getStats() {
    return this.stats;
  }

  close() {
    this.connectionState = 'closed';
  }

  /** What ICE and DTLS come to. */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.({});
  }
}

/** Lets all promises that are due settle. */
export async function settle() {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

/** The same for those of real responses, which are read in the background. */
export async function rest() {
  for (let i = 0; i < 5; i++) {
    await settle();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Forgets what earlier tests made. */
export function reset() {
  FakeSocket.all = [];
  FakePeer.all = [];
}

/** A worker that says nothing by itself. */
export class FakeWorker {
  terminate() {}
}

/** A tab that a test clicks and types on. */
export class FakeTab {
  attributes = {};
  listeners = {};
  tabIndex = 0;
  focused = false;

  constructor(id) {
    this.id = id;
    this.attributes['aria-controls'] = `panel-${id}`;
  }

  addEventListener(type, listener) {
    this.listeners[type] = listener;
  }

  getAttribute(name) {
    return this.attributes[name] ?? null;
  }

  setAttribute(name, value) {
    this.attributes[name] = value;
  }

  focus() {
    this.focused = true;
  }

  /** Types a key; tells whether it was taken. */
  press(key) {
    const event = { key, prevented: false, preventDefault: () => { event.prevented = true; } };
    this.listeners.keydown(event);
    return event;
  }
}
