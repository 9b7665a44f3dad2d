import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { heldSince, presentText } from '../js/presentstate.js';
import { Presenter } from '../js/presenter.js';
import { FakePeer, FakeSocket, FakeStream, FakeTrack, reset, room, settle, storage } from './fakes.js';

globalThis.MediaStream = FakeStream;

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

function capture(kinds) {
  return new FakeStream(kinds.map((kind) => new FakeTrack(kind)));
}

function refused(name, message = '') {
  return Object.assign(new Error(message), { name });
}

/** A presenter on its page, welcomed. */
function begin(t, { welcome = {}, ...options } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const devices = fakeDevices();
  const notices = [];
  const presenter = new Presenter({
    signaling: { url: 'u', key: 'k', storage: storage(), codecs: [], connect: (url) => new FakeSocket(url) },
    createPeer: () => new FakePeer(), createMixer: () => new FakeMixer(), devices, capabilities, codec: '', unable: null,
    changed: () => {}, preview: () => {}, figures: () => {}, notice: (key) => notices.push(key), ...options,
  });
  presenter.start();
  FakeSocket.last.welcome(welcome);
  const tick = async (ms) => {
    for (let passed = 0; passed < ms; passed += 500) {
      t.mock.timers.tick(500);
      await settle();
    }
  };
  const share = async () => {
    await presenter.shareScreen();
    await settle();
    FakeSocket.last.receive({ type: 'answer', sdp: 'a' });
    await settle();
    FakePeer.last.become('connected');
  };
  const senders = () => FakePeer.last.transceivers.map(({ sender }) => sender);
  return { presenter, devices, notices, tick, share, senders, says: (message) => FakeSocket.last.receive(message) };
}

beforeEach(reset);

test('shares: one video and one audio m-line, sharp, the codec first, bounded', async (t) => {
  const { presenter, share, senders } = begin(t);
  assert.equal(presenter.state, 'ready');
  await share();
  assert.equal(presenter.state, 'live');
  const [video, audio] = FakePeer.last.transceivers;
  assert.deepEqual([video.kind, audio.kind], ['video', 'audio']);
  assert.deepEqual(video.codecs.map(({ mimeType }) => mimeType), ['video/VP8', 'video/H264']);
  assert.equal(video.init.sendEncodings[0].maxBitrate, 8e6);
  assert.equal(video.init.streams[0], audio.init.streams[0]);
  assert.equal(senders()[0].track.contentHint, 'detail');
  assert.equal(senders()[0].parameters.degradationPreference, 'maintain-resolution');
});

test('the picker is opened in the click itself', (t) => {
  const { presenter, devices } = begin(t);
  void presenter.shareScreen();
  assert.deepEqual(devices.asked, ['screen']);
});

test('without any sound the audio m-line has no track; sound comes later without an offer', async (t) => {
  const { presenter, devices, share, senders, notices } = begin(t);
  devices.next = capture(['video']);
  await share();
  assert.equal(senders()[1].track, null);
  assert.equal(notices.at(-1), 'capture.no-sound-chosen');
  devices.next = null;
  await presenter.shareScreen();
  assert.equal(senders()[1].track.kind, 'audio');
  devices.next = capture(['video']);
  await presenter.shareScreen();
  assert.equal(senders()[1].track, null);
  devices.next = null;
  await presenter.setMicrophone(true);
  assert.equal(senders()[1].track.kind, 'audio');
  assert.equal(FakeSocket.last.of('offer').length, 1);
});

test('another source takes the place of the first, which is let go', async (t) => {
  const { presenter, share, senders } = begin(t);
  await share();
  const before = senders()[0].track;
  await presenter.useCamera('user');
  assert.ok(before.stopped);
  assert.notEqual(senders()[0].track, before);
  assert.equal(senders()[0].parameters.degradationPreference, 'balanced');
  assert.equal(presenter.sources.kind, 'camera');
  before.onended();
  assert.equal(presenter.state, 'live', 'the end of the first means nothing any more');
});

test('why nothing could be captured', async (t) => {
  const { presenter, devices, notices } = begin(t);
  const table = [
    [refused('NotAllowedError', 'Permission denied'), 'capture.screen-cancelled'],
    [refused('NotAllowedError', 'Permission denied by system'), 'capture.screen-denied'],
    [refused('NotFoundError'), 'capture.screen-missing'],
    [refused('NotReadableError'), 'capture.screen-unreadable'],
    [refused('AbortError'), 'capture.screen-other'],
  ];
  for (const [error, key] of table) {
    devices.next = error;
    await presenter.shareScreen();
    assert.equal(notices.at(-1), key);
  }
  devices.next = refused('NotAllowedError');
  await presenter.useCamera('user');
  assert.equal(notices.at(-1), 'capture.camera-denied');
  assert.equal(presenter.state, 'ready');
});

test('a refused microphone leaves the picture alone', async (t) => {
  const { presenter, devices, notices, share } = begin(t);
  await share();
  devices.next = refused('NotAllowedError');
  await presenter.setMicrophone(true);
  assert.equal(notices.at(-1), 'capture.mic-denied');
  assert.equal(presenter.sources.hasMicrophone, false);
  assert.equal(presenter.state, 'live');
});

test('stop: everything is let go, the room is free at once', async (t) => {
  const { presenter, share, senders } = begin(t);
  await share();
  await presenter.setMicrophone(true);
  const { track } = senders()[0];
  presenter.stop();
  assert.ok(track.stopped);
  assert.equal(presenter.sources.hasMicrophone, false);
  assert.equal(FakeSocket.last.of('leave').length, 1);
  assert.equal(presenter.state, 'ended');
});

test('the capture ends from outside: the same', async (t) => {
  const { presenter, share, senders } = begin(t);
  await share();
  senders()[0].track.onended();
  assert.equal(FakeSocket.last.of('leave').length, 1);
  assert.equal(presenter.state, 'ended');
});

test('stopped without a socket: the relay is told when there is one', async (t) => {
  const { presenter, share, tick } = begin(t);
  await share();
  FakeSocket.last.onclose();
  presenter.stop();
  await tick(500);
  FakeSocket.last.welcome({ state: 'live' });
  assert.equal(FakeSocket.last.of('leave').length, 1);
});

test('after its goodbye the page is there again, ready', async (t) => {
  const { presenter, share, says, tick } = begin(t);
  await share();
  presenter.stop();
  says({ type: 'bye', reason: 'left', retryAfter: 0 });
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2' });
  assert.equal(presenter.state, 'ended');
  await share();
  assert.equal(presenter.state, 'live');
});

test('a held room says since when, and frees the button by itself', async (t) => {
  const { presenter, tick } = begin(t);
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.onopen();
  FakeSocket.last.receive({ type: 'error', code: 'room-busy', message: '', since: '2026-05-01T10:42:00Z' });
  FakeSocket.last.onclose();
  assert.equal(presenter.state, 'held');
  assert.equal(heldSince(presenter.facts), '2026-05-01T10:42:00Z');
  await tick(2_000);
  FakeSocket.last.welcome();
  assert.equal(presenter.state, 'ready');
});

test('two joined an idle room: whoever is later is held, and captures nothing', async (t) => {
  const { presenter, devices, says } = begin(t);
  says({ type: 'room', ...room({ state: 'live', since: '2026-05-01T10:42:00Z' }) });
  assert.equal(presenter.state, 'held');
  says({ type: 'room', ...room() });
  const stream = capture(['video']);
  devices.next = stream;
  await presenter.shareScreen();
  await settle();
  says({ type: 'error', code: 'room-busy', message: '', since: '2026-05-01T10:42:00Z' });
  says({ type: 'room', ...room({ state: 'live' }) });
  assert.ok(stream.tracks[0].stopped);
  assert.equal(presenter.state, 'held');
});

test('a reloaded presenter is asked to go on', (t) => {
  const { presenter, says } = begin(t, { welcome: { state: 'away' } });
  assert.equal(presenter.state, 'ready');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.resume');
  says({ type: 'room', ...room({ state: 'away', viewers: 3 }) });
  assert.equal(presenter.state, 'ready');
});

test('another codec: another connection, the same capture', async (t) => {
  const { presenter, devices, share, senders } = begin(t);
  await share();
  const { track } = senders()[0];
  presenter.setCodec('H264');
  await settle();
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakePeer.last.transceivers[0].codecs[0].mimeType, 'video/H264');
  assert.equal(senders()[0].track, track);
  assert.deepEqual(devices.asked, ['screen']);
  assert.ok(!track.stopped);
});

test('a restarted relay gets the same capture without a click', async (t) => {
  const { presenter, devices, share, tick } = begin(t);
  await share();
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2' });
  await settle();
  assert.equal(FakeSocket.last.of('offer').length, 1);
  assert.equal(presenter.state, 'connecting');
  assert.deepEqual(devices.asked, ['screen']);
});

test('taken over by another tab: let go, as a newcomer from now on', async (t) => {
  const { presenter, share, says, senders, notices, tick } = begin(t);
  await share();
  const { track } = senders()[0];
  says({ type: 'bye', reason: 'replaced', retryAfter: 0 });
  FakeSocket.last.onclose();
  assert.ok(track.stopped);
  assert.equal(notices.at(-1), 'bye.replaced');
  await tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined);
});

test('a silent encoder is told, once', async (t) => {
  const { share, tick, notices } = begin(t);
  await share();
  FakePeer.last.stats = new Map([
    ['v', { id: 'v', type: 'outbound-rtp', kind: 'video', timestamp: 1, bytesSent: 0, framesEncoded: 0 }],
    ['s', { type: 'media-source', kind: 'video', frames: 100 }],
  ]);
  await tick(8_000);
  assert.equal(notices.filter((key) => key === 'push.encoder').length, 1);
});

test('where this browser cannot present, the page says why', (t) => {
  const { presenter } = begin(t, { unable: 'push.insecure' });
  assert.equal(presenter.state, 'failed');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.insecure');
});
