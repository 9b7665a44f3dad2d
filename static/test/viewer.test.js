import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Viewer } from '../js/viewer.js';
import { viewState, viewText } from '../js/viewstate.js';
import { FakePeer, FakeSocket, FakeStream, reset, room, settle, storage } from './fakes.js';

globalThis.MediaStream = FakeStream;

const live = { state: 'live', video: 'VP8', audio: true, since: '2026-05-01T10:42:00Z' };

/** A viewer whose media is connected, in a room as given. */
async function begin(t, fields = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const attached = [];
  let reattached = 0;
  const viewer = new Viewer({
    signaling: { url: 'u', key: 'k', storage: storage(), codecs: [], connect: (url) => new FakeSocket(url) },
    createPeer: () => new FakePeer(), unable: null, changed: () => {}, attach: (stream) => attached.push(stream), reattach: () => reattached++,
  });
  viewer.start();
  FakeSocket.last.welcome(fields);
  await settle();
  FakeSocket.last.receive({ type: 'answer', sdp: 'a' });
  await settle();
  FakePeer.last.become('connected');
  const tick = async (ms) => {
    for (let passed = 0; passed < ms; passed += 500) {
      t.mock.timers.tick(500);
      await settle();
    }
  };
  return { viewer, attached, reattached: () => reattached, tick, says: (message) => FakeSocket.last.receive(message) };
}

/** What getStats says of the picture. */
function stats(framesDecoded, bytesReceived) {
  return new Map([['v', { type: 'inbound-rtp', kind: 'video', framesDecoded, bytesReceived }]]);
}

beforeEach(reset);

test('offers to receive video and sound, with no delay in reserve', async (t) => {
  await begin(t);
  assert.deepEqual(FakePeer.last.transceivers.map(({ kind, init }) => [kind, init.direction]), [['video', 'recvonly'], ['audio', 'recvonly']]);
  assert.ok(FakePeer.last.transceivers.every(({ receiver }) => receiver.jitterBufferTarget === 0));
});

test('waits, plays, says so when the presenter is away or has stopped, waits again', async (t) => {
  const { viewer, says } = await begin(t);
  const seen = [viewer.state];
  says({ type: 'room', ...room(live) });
  seen.push(viewer.state);
  assert.equal(viewText(viewer.state, viewer.facts), 'pull.first-picture');
  viewer.frame();
  seen.push(viewer.state);
  says({ type: 'room', ...room({ ...live, state: 'away' }) });
  seen.push(viewer.state);
  says({ type: 'room', ...room() });
  seen.push(viewer.state);
  assert.deepEqual(seen, ['waiting', 'loading', 'live', 'away', 'waiting']);
  assert.equal(viewText(viewer.state, viewer.facts), 'pull.stopped');
  assert.equal(viewer.facts.picture, false, 'the picture of what was stopped does not come back');
});

test('a room of sound only is live without a picture', async (t) => {
  const { viewer } = await begin(t, { ...live, video: null });
  assert.equal(viewer.state, 'live');
});

test('a stream is attached before the offer where no picture is lost, else when media flows', async (t) => {
  const { viewer, attached, tick, says } = await begin(t, live);
  const [first] = attached;
  assert.deepEqual(first.getTracks().map(({ kind }) => kind), ['video', 'audio']);
  viewer.frame();
  assert.equal(viewer.facts.picture, true);
  FakeSocket.last.onclose();
  await tick(2_000);
  FakeSocket.last.welcome({ ...live, id: 's2' });
  await settle();
  assert.equal(FakePeer.all.length, 2);
  assert.deepEqual(attached, [first], 'the last picture stays');
  const [video, audio] = FakePeer.last.transceivers.map(({ receiver }) => receiver.track);
  audio.onunmute();
  assert.deepEqual(attached, [first], 'sound alone would blank the picture');
  video.onunmute();
  assert.equal(attached.length, 2);
  says({ type: 'room', ...room({ ...live, video: null }) });
  audio.onunmute();
  assert.equal(attached.length, 3, 'a room of sound only');
});

test('a codec that cannot be played, until frames decode again or another comes', async (t) => {
  const { viewer, says, tick } = await begin(t, { ...live, video: 'H264' });
  says({ type: 'error', code: 'codec-unsupported', message: '' });
  assert.equal(viewer.state, 'unplayable');
  viewer.frame();
  assert.equal(viewer.state, 'unplayable', 'a frame of before');
  await tick(2_000);
  viewer.frame();
  assert.equal(viewer.state, 'live');
  says({ type: 'error', code: 'codec-unsupported', message: '' });
  says({ type: 'room', ...room({ ...live, video: 'VP8' }) });
  assert.equal(viewer.state, 'live');
  assert.equal(FakePeer.all.length, 1);
});

test('an offer that is refused for its codecs is told, and made again', async (t) => {
  const { viewer, says, tick } = await begin(t, live);
  says({ type: 'bye', reason: 'silent' });
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2', ...live });
  await settle();
  says({ type: 'error', code: 'codec-unsupported', message: '' });
  assert.equal(viewText(viewer.state, viewer.facts), 'error.codec-unsupported');
  await tick(500);
  assert.equal(FakeSocket.last.of('offer').length, 2);
  says({ type: 'answer', sdp: 'a' });
  await settle();
  FakePeer.last.become('connected');
  assert.equal(viewer.facts.refusal, null);
});

test('where no media gets through the page says so, steadily', async (t) => {
  const { viewer, says, tick } = await begin(t, live);
  says({ type: 'bye', reason: 'silent' });
  FakeSocket.last.onclose();
  const said = new Set();
  for (let attempt = 0; attempt < 3; attempt++) {
    await tick(500);
    FakeSocket.last.welcome({ id: `n${attempt}`, ...live });
    await settle();
    says({ type: 'answer', sdp: 'a' });
    await tick(9_000);
    says({ type: 'bye', reason: 'never-connected' });
    said.add(viewText(viewer.state, viewer.facts));
    FakeSocket.last.onclose();
    if (attempt > 0) assert.deepEqual([...said], ['bye.never-connected']);
  }
});

test('a slow network is told with its figures', async (t) => {
  const { viewer, says } = await begin(t, live);
  says({ type: 'error', code: 'rate-limited', message: '', have: 1, need: 2 });
  assert.equal(viewer.state, 'slow');
  assert.equal(viewer.facts.problem.need, 2);
});

test('a lost socket is nothing to speak of while the picture moves', async (t) => {
  const { viewer, tick } = await begin(t, live);
  FakePeer.last.stats = stats(1, 1);
  await tick(1_000);
  FakeSocket.last.onclose();
  for (let second = 2; second < 6; second++) {
    FakePeer.last.stats = stats(second, second);
    await tick(1_000);
    assert.equal(viewer.state, 'live', `second ${second}`);
  }
  await tick(1_000);
  assert.equal(viewer.state, 'live', 'a screen that stands still has a frame a second');
  await tick(1_000);
  assert.equal(viewer.state, 'reconnecting');
});

test('a restarted relay: another session id, a new connection at once', async (t) => {
  const { tick, viewer } = await begin(t, live);
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2', ...live });
  await settle();
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakeSocket.last.of('offer').length, 1);
  assert.equal(viewer.state, 'loading', 'not worth a word yet');
  FakeSocket.last.receive({ type: 'answer', sdp: 'a' });
  await tick(1_500);
  assert.equal(viewer.state, 'reconnecting');
});

test('another way to the relay: the picture goes on, and nothing is said', async (t) => {
  const { tick, viewer, says } = await begin(t, live);
  viewer.frame();
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: 's2', ...live });
  await settle();
  assert.equal(FakePeer.all[0].connectionState, 'connected');
  assert.equal(viewer.state, 'live');
  says({ type: 'answer', sdp: 'a' });
  await settle();
  assert.equal(viewer.state, 'live');
  FakePeer.last.become('connected');
  await tick(10_000);
  assert.equal(viewer.facts.link, 'connected');
  assert.equal(FakePeer.all.length, 2);
});

test('a page that is loaded again is another viewer: frames share the storage', async (t) => {
  const kept = storage();
  kept.setItem('k', 'another frame’s');
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  const viewer = new Viewer({
    signaling: { url: 'u', key: 'k', storage: kept, codecs: [], connect: (url) => new FakeSocket(url) },
    createPeer: () => new FakePeer(), unable: null, changed: () => {}, attach: () => {}, reattach: () => {},
  });
  viewer.start();
  FakeSocket.last.welcome();
  assert.equal(FakeSocket.last.of('join')[0].resume, undefined);
  FakeSocket.last.onclose();
  t.mock.timers.tick(500);
  FakeSocket.last.onopen();
  assert.equal(FakeSocket.last.of('join')[0].resume, 'r1', 'a lost socket is resumed');
  assert.equal(kept.getItem('k'), 'another frame’s');
});

test('the goodbye is what the page says until it is back', async (t) => {
  const { viewer, says, tick } = await begin(t);
  says({ type: 'bye', reason: 'shutting-down', retryAfter: 0.1 });
  FakeSocket.last.onclose();
  await tick(2_000);
  assert.equal(viewText(viewer.state, viewer.facts), 'bye.shutting-down');
  FakeSocket.last.welcome({ id: 's2' });
  assert.equal(viewer.facts.goodbye, null);
});

test('a refused place is told, and asked for again', async (t) => {
  const { viewer, tick } = await begin(t);
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.onopen();
  FakeSocket.last.receive({ type: 'error', code: 'room-full', message: '' });
  FakeSocket.last.onclose();
  assert.equal(viewer.state, 'full');
  assert.equal(viewText(viewer.state, viewer.facts), 'pull.full');
  await tick(2_000);
  FakeSocket.last.welcome();
  assert.equal(viewer.state, 'waiting');
});

test('data that does not become a picture: a new session', async (t) => {
  const { tick } = await begin(t, live);
  for (let second = 0; second < 10; second++) {
    FakePeer.last.stats = stats(5, 3_000 * second);
    await tick(1_000);
  }
  assert.equal(FakePeer.all.length, 2);
});

test('leaving tells the relay and ends everything', async (t) => {
  const { viewer, tick } = await begin(t);
  viewer.stop();
  assert.equal(FakeSocket.last.of('leave').length, 1);
  await tick(30_000);
  assert.equal(FakeSocket.all.length, 1);
  assert.equal(FakePeer.last.connectionState, 'closed');
});

test('before the first welcome', () => {
  const facts = { room: null, up: true, link: 'connecting', wasConnected: false, wasLive: false, stalled: true, picture: false, unable: null, refusal: null, goodbye: null, problem: null };
  assert.equal(viewState(facts), 'loading');
  assert.equal(viewState({ ...facts, up: false }), 'reconnecting');
  assert.equal(viewText('reconnecting', facts), 'pull.unreachable');
  assert.equal(viewState({ ...facts, unable: 'pull.incapable' }), 'failed');
});
