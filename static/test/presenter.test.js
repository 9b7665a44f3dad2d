import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Notices } from '../js/notices.js';
import { heldSince, presentText } from '../js/presentstate.js';
import { Presenter } from '../js/presenter.js';
import { FakePeer, FakeSocket, FakeStream, FakeWorker, FakeTrack, reset, room, settle, storage } from './fakes.js';

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
  const notices = new Notices(() => {});
  const presenter = new Presenter({
    signaling: { url: 'u', key: 'k', storage: storage(), codecs: [], connect: (url) => new FakeSocket(url) },
    createPeer: () => new FakePeer(), createMixer: () => new FakeMixer(), devices, capabilities, codec: '', unable: null,
    changed: () => {}, preview: () => {}, notices, ...options,
  });
  presenter.start();
  FakeSocket.last.welcome(welcome);
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

test('the picker is opened in the click itself', async (t) => {
  const { studio, devices } = begin(t);
  const sharing = studio.shareScreen();
  assert.deepEqual(devices.asked, ['screen']);
  await sharing;
  await settle();
});

test('without any sound the audio m-line has no track; sound comes later without an offer', async (t) => {
  const { devices, share, senders, told, studio } = begin(t);
  devices.next = capture(['video']);
  await share();
  assert.equal(senders()[1].track, null);
  assert.equal(told(), 'capture.no-sound-chosen');
  devices.next = null;
  await studio.shareScreen();
  assert.equal(senders()[1].track.kind, 'audio');
  devices.next = capture(['video']);
  await studio.shareScreen();
  assert.equal(senders()[1].track, null);
  devices.next = null;
  await studio.setMicrophone(true);
  assert.equal(senders()[1].track.kind, 'audio');
  assert.equal(FakeSocket.last.of('offer').length, 1);
});

test('another source takes the place of the first, which is let go', async (t) => {
  const { presenter, share, senders, studio } = begin(t);
  await share();
  const before = senders()[0].track;
  await studio.useCamera();
  assert.ok(before.stopped);
  assert.notEqual(senders()[0].track, before);
  assert.equal(senders()[0].parameters.degradationPreference, 'balanced');
  assert.equal(presenter.sources.kind, 'camera');
  before.end();
  assert.equal(presenter.state, 'live', 'the end of the first means nothing any more');
});

test('why nothing could be captured', async (t) => {
  const { presenter, studio, devices, told } = begin(t);
  const table = [
    [refused('NotAllowedError', 'Permission denied'), 'capture.screen-cancelled'],
    [refused('NotAllowedError', 'Permission denied by system'), 'capture.screen-denied'],
    [refused('NotFoundError'), 'capture.screen-missing'],
    [refused('NotReadableError'), 'capture.screen-unreadable'],
    [refused('AbortError'), 'capture.screen-other'],
  ];
  for (const [error, key] of table) {
    devices.next = error;
    await studio.shareScreen();
    assert.equal(told(), key);
  }
  devices.next = refused('NotAllowedError');
  await studio.useCamera();
  assert.equal(told(), 'capture.camera-denied');
  assert.equal(presenter.state, 'ready');
});

test('a cancelled switch changes nothing, and does not say that nothing is shared', async (t) => {
  const { presenter, studio, devices, told, share } = begin(t);
  await share();
  devices.next = refused('NotAllowedError', 'Permission denied');
  await studio.shareScreen();
  assert.equal(told(), 'capture.screen-kept');
  assert.equal(presenter.state, 'live');
  devices.next = null;
  await studio.shareScreen();
  assert.equal(told(), null, 'what succeeds takes its sentence back');
});

test('the camera is let go before the other one is asked for', async (t) => {
  const { presenter, studio, devices, senders } = begin(t);
  await studio.useCamera();
  await settle();
  const { track } = senders()[0];
  const flip = studio.flipCamera();
  assert.ok(track.stopped);
  await flip;
  assert.notEqual(senders()[0].track, track);
  assert.equal(presenter.sources.kind, 'camera');
  assert.equal(devices.asked.length, 2);
});

test('where the other camera cannot be had, the first one is taken again', async (t) => {
  const { presenter, studio, devices, told } = begin(t);
  await studio.useCamera();
  const failing = devices.getUserMedia;
  devices.getUserMedia = async () => {
    devices.getUserMedia = failing;
    throw refused('NotReadableError');
  };
  await studio.flipCamera();
  assert.equal(presenter.facts.sharing, true);
  assert.equal(presenter.sources.video.stopped, false);
  devices.next = refused('NotReadableError');
  await studio.flipCamera();
  assert.equal(presenter.state, 'ended', 'neither one');
  assert.equal(told(), null);
});

test('stopped while a camera was turned: none stays on', async (t) => {
  const { presenter, studio, devices } = begin(t);
  await studio.useCamera();
  const late = capture(['video']);
  devices.next = late;
  const flip = studio.flipCamera();
  presenter.stop();
  await flip;
  assert.ok(late.tracks[0].stopped);
  assert.equal(presenter.state, 'ended');
});

test('a track that its encoder does not take needs another connection', async (t) => {
  const { studio, share, senders } = begin(t);
  await share();
  senders()[0].picky = true;
  await studio.useCamera();
  await settle();
  assert.equal(FakePeer.all.length, 2);
  assert.equal(senders()[0].track.contentHint, 'motion');
});

test('a microphone that is unplugged is told', async (t) => {
  const { presenter, studio, devices, told } = begin(t);
  const stream = capture(['audio']);
  devices.next = stream;
  await studio.setMicrophone(true);
  stream.tracks[0].end();
  assert.equal(presenter.sources.hasMicrophone, false);
  assert.equal(told(), 'capture.mic-lost');
  devices.next = null;
  await studio.setMicrophone(true);
  assert.equal(told(), null);
});

test('a refused microphone leaves the picture alone', async (t) => {
  const { presenter, devices, told, share, studio } = begin(t);
  await share();
  devices.next = refused('NotAllowedError');
  await studio.setMicrophone(true);
  assert.equal(told(), 'capture.mic-denied');
  assert.equal(presenter.sources.hasMicrophone, false);
  assert.equal(presenter.state, 'live');
});

test('stop: everything is let go, the room is free at once', async (t) => {
  const { presenter, share, senders, studio } = begin(t);
  await share();
  await studio.setMicrophone(true);
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
  senders()[0].track.end();
  assert.equal(FakeSocket.last.of('leave').length, 1);
  assert.equal(presenter.state, 'ended');
});

test('stopped on a socket that is dead: told again until the relay has said goodbye', async (t) => {
  const { presenter, share, says, tick } = begin(t);
  await share();
  says({ type: 'pong' });
  presenter.stop();
  await tick(3_000);
  assert.equal(FakeSocket.all.length, 2, 'its silence was noticed');
  FakeSocket.last.welcome({ state: 'away' });
  assert.equal(presenter.state, 'ended', 'it is still ours');
  assert.equal(FakeSocket.last.of('leave').length, 1);
  says({ type: 'bye', reason: 'left', retryAfter: 0 });
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2' });
  assert.equal(FakeSocket.last.of('leave').length, 0);
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
  const { presenter, devices, says, studio } = begin(t);
  says({ type: 'room', ...room({ state: 'live', since: '2026-05-01T10:42:00Z' }) });
  assert.equal(presenter.state, 'held');
  says({ type: 'room', ...room() });
  const stream = capture(['video']);
  devices.next = stream;
  await studio.shareScreen();
  await settle();
  says({ type: 'error', code: 'room-busy', message: '', since: '2026-05-01T10:42:00Z' });
  says({ type: 'room', ...room({ state: 'live' }) });
  assert.ok(stream.tracks[0].stopped);
  assert.equal(presenter.state, 'held');
});

test('held, and in again after its socket was lost: still held, and a newcomer until the room is free', async (t) => {
  const { presenter, says, tick } = begin(t);
  const live = { state: 'live', since: '2026-05-01T10:42:00Z' };
  says({ type: 'room', ...room(live) });
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome(live);
  assert.equal(presenter.state, 'held');
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined);
  says({ type: 'room', ...room() });
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, 'r1', 'free again: what is presented from here can be taken up');
});

test('what the relay said is over when it lets us in', async (t) => {
  const { says, tick, told } = begin(t);
  says({ type: 'bye', reason: 'shutting-down' });
  assert.equal(told(), 'bye.shutting-down');
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2' });
  assert.equal(told(), null);
});

test('a refused offer is told until there is a connection', async (t) => {
  const { presenter, studio, says, tick, told } = begin(t);
  await studio.shareScreen();
  await settle();
  says({ type: 'error', code: 'internal', message: '' });
  assert.equal(told(), 'error.internal');
  await tick(500);
  says({ type: 'answer', sdp: 'a' });
  await settle();
  FakePeer.last.become('connected');
  assert.equal(presenter.state, 'live');
  assert.equal(told(), null);
});

test('media that does not get through: the state says it, steadily', async (t) => {
  const { presenter, studio, says, tick, told } = begin(t);
  await studio.shareScreen();
  await settle();
  says({ type: 'answer', sdp: 'a' });
  says({ type: 'bye', reason: 'never-connected' });
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2' });
  await settle();
  assert.equal(presentText(presenter.state, presenter.facts), 'push.failing');
  assert.equal(told(), null);
});

test('a reloaded presenter is asked to go on', (t) => {
  const { presenter, says } = begin(t, { welcome: { state: 'away' } });
  assert.equal(presenter.state, 'ready');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.resume');
  says({ type: 'room', ...room({ state: 'away', viewers: 3 }) });
  assert.equal(presenter.state, 'ready');
});

test('another codec, once the choice has rested: another connection, the same capture', async (t) => {
  const { presenter, devices, share, senders, tick } = begin(t);
  await share();
  const { track } = senders()[0];
  presenter.setCodec('VP8');
  presenter.setCodec('H264');
  assert.equal(FakePeer.all.length, 1);
  await tick(500);
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
  const { share, says, senders, told, tick } = begin(t);
  await share();
  const { track } = senders()[0];
  says({ type: 'bye', reason: 'replaced', retryAfter: 0 });
  FakeSocket.last.onclose();
  assert.ok(track.stopped);
  assert.equal(told(), 'bye.replaced');
  await tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined);
});

/** What getStats says of the picture that is sent. */
function encoding(captured, encoded) {
  return new Map([
    ['v', { id: 'v', type: 'outbound-rtp', kind: 'video', timestamp: encoded, bytesSent: encoded, framesEncoded: encoded, codecId: 'c' }],
    ['s', { type: 'media-source', kind: 'video', frames: captured }],
    ['c', { mimeType: 'video/VP8' }],
  ]);
}

test('an encoder that falls silent is told, until it goes on', async (t) => {
  const { share, tick, told } = begin(t);
  await share();
  for (let second = 1; second < 8; second++) {
    FakePeer.last.stats = encoding(100 + 30 * second, 90);
    await tick(1_000);
  }
  assert.equal(told(), 'push.encoder');
  FakePeer.last.stats = encoding(400, 120);
  await tick(1_000);
  assert.equal(told(), null);
});

test('figures are those of what is live, and are forgotten with it', async (t) => {
  const { presenter, share, tick } = begin(t);
  await share();
  FakePeer.last.stats = encoding(1, 1);
  await tick(1_000);
  assert.equal(presenter.figures?.codec, 'VP8');
  FakePeer.last.become('failed');
  assert.equal(presenter.figures, null);
});

test('where this browser cannot present, the page says why', (t) => {
  const { presenter } = begin(t, { unable: 'push.insecure' });
  assert.equal(presenter.state, 'failed');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.insecure');
});
