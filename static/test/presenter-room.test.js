import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { cutOff, heldSince, presentText } from '../js/presentstate.js';
import { FakePeer, FakeSocket, reset, room, settle } from './fakes.js';
import { begin, capture } from './stage.js';

beforeEach(reset);

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
  assert.equal(presenter.state, 'live', 'not worth a word yet');
  FakeSocket.last.receive({ type: 'answer', sdp: 'a' });
  await tick(1_500);
  assert.equal(presenter.state, 'connecting');
  assert.deepEqual(devices.asked, ['screen']);
});

test('busy with ourselves, says the relay at the door, while our media flows: the presentation goes on', async (t) => {
  const { presenter, share, senders, tick } = begin(t);
  await share();
  const { track } = senders()[0];
  for (let attempt = 0; attempt < 3; attempt++) {
    FakeSocket.last.onclose();
    await tick(2_000);
    FakeSocket.last.onopen();
    FakeSocket.last.receive({ type: 'error', code: 'room-busy', message: '', since: '2026-05-01T10:42:00Z' });
  }
  assert.equal(presenter.state, 'live');
  assert.ok(!track.stopped);
  assert.equal(FakePeer.all[0].connectionState, 'connected');
  FakePeer.last.become('failed');
  FakeSocket.last.onclose();
  await tick(2_000);
  FakeSocket.last.onopen();
  FakeSocket.last.receive({ type: 'error', code: 'room-busy', message: '', since: '2026-05-01T10:42:00Z' });
  assert.equal(presenter.state, 'held', 'once it does not');
  assert.ok(track.stopped);
});

test('busy, says the relay to the offer by another way, while our media flows: the presentation goes on', async (t) => {
  const { presenter, share, senders, says, tick, told } = begin(t);
  await share();
  const { track } = senders()[0];
  FakeSocket.last.onclose();
  await tick(500);
  FakeSocket.last.welcome({ id: '/whip/math#0', state: 'live' });
  await settle();
  says({ type: 'error', code: 'room-busy', message: '' });
  assert.deepEqual([presenter.state, told(), track.stopped], ['live', null, false]);
  assert.equal(FakePeer.all[0].connectionState, 'connected');
  await tick(1_000);
  assert.equal(FakePeer.all.length, 3, 'tried again');
  says({ type: 'answer', sdp: 'a' });
  await settle();
  FakePeer.last.become('connected');
  await tick(5_000);
  assert.equal(presenter.state, 'live');
  assert.equal(senders()[0].track, track);
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

test('a page is cut off until the first welcome, which says where viewers go, and never again', async (t) => {
  const { presenter, tick } = begin(t, { welcome: null });
  const isCutOff = () => cutOff(presenter.state, presenter.facts);
  assert.equal(presenter.origins, null);
  assert.ok(!isCutOff(), 'it may come yet');
  FakeSocket.last.onclose();
  await tick(2_000);
  assert.ok(isCutOff());
  FakeSocket.last.welcome({ origins: ['http://10.0.0.1:8080'] });
  assert.deepEqual(presenter.origins, ['http://10.0.0.1:8080']);
  FakeSocket.last.welcome({ origins: null });
  assert.equal(presenter.origins, null, 'over HTTP it does not');
  assert.ok(!isCutOff());
  FakeSocket.last.onclose();
  await tick(2_000);
  assert.equal(presentText(presenter.state, presenter.facts), 'push.unreachable');
  assert.ok(!isCutOff());
});

test('where this browser cannot present, the page says why', (t) => {
  const { presenter } = begin(t, { unable: 'push.insecure' });
  assert.equal(presenter.state, 'failed');
  assert.equal(presentText(presenter.state, presenter.facts), 'push.insecure');
});
