// A presenter on a page of fakes.

import { Notices } from '../js/notices.js';
import { Presenter } from '../js/presenter.js';
import { FakePeer, FakeSocket, FakeStream, FakeTrack, FakeWorker, settle, storage } from './fakes.js';

globalThis.MediaStream = FakeStream;
globalThis.Worker = FakeWorker;

const capabilities = { codecs: [{ mimeType: 'video/H264' }, { mimeType: 'video/VP8' }] };

/** A mixer whose track is there while anything is heard. */
class FakeMixer {
  sounding = new FakeTrack('audio');
  heard = new Map();

  get track() {
    return this.heard.get('screen') || this.heard.get('microphone') ? this.sounding : null;
  }

  setScreen(stream) {
    this.heard.set('screen', Boolean(stream?.getAudioTracks().length));
  }

  setMicrophone(stream) {
    this.heard.set('microphone', Boolean(stream));
  }

  setMuted() {}

  level() {
    return 0;
  }
}

/** Devices that give what the test puts in `next`: a stream, or an error. */
function fakeDevices() {
  const devices = {
    next: null, asked: [],
    async give(what) {
      devices.asked.push(what);
      if (devices.next instanceof Error) throw devices.next;
      return devices.next ?? capture(what === 'screen' ? ['video', 'audio'] : [what]);
    },
    getDisplayMedia: () => devices.give('screen'),
    getUserMedia: (options) => devices.give(options.video ? 'video' : 'audio'),
    getSupportedConstraints: () => ({ suppressLocalAudioPlayback: true }),
  };
  return devices;
}

/** A stream with a track of each kind. */
export function capture(kinds) {
  return new FakeStream(kinds.map((kind) => new FakeTrack(kind)));
}

/** An error of a device. */
export function refused(name, message = '') {
  return Object.assign(new Error(message), { name });
}

/** A presenter on its page, welcomed unless `welcome` is null. */
export function begin(t, { welcome = {}, ...options } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const devices = fakeDevices();
  const notices = new Notices(() => {});
  const presenter = new Presenter({
    signaling: { url: 'u', key: 'k', storage: storage(), codecs: [], connect: (url) => new FakeSocket(url) },
    createPeer: () => new FakePeer(), createMixer: () => new FakeMixer(), devices, capabilities, codec: '', unable: null,
    changed: () => {}, preview: () => {}, notices, ...options,
  });
  presenter.start();
  if (welcome) FakeSocket.last.welcome(welcome);
  const tick = async (ms) => {
    for (let passed = 0; passed < ms; passed += 500) {
      t.mock.timers.tick(500);
      await settle();
    }
  };
  const { studio } = presenter;
  const told = () => notices.current?.key ?? null;
  const share = async () => {
    await studio.shareScreen();
    await settle();
    FakeSocket.last.receive({ type: 'answer', sdp: 'a' });
    await settle();
    FakePeer.last.become('connected');
  };
  const senders = () => FakePeer.last.transceivers.map(({ sender }) => sender);
  return { presenter, studio, devices, told, tick, share, senders, says: (message) => FakeSocket.last.receive(message) };
}
