import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { FakeRelay, FakeSource, problem } from './fakerelay.js';
import { FakePeer, FakeStream, reset, rest, room } from './fakes.js';

// What the file needs in order to be read; what it does with it is for browsers.
globalThis.HTMLElement = class {};
globalThis.customElements = { define: () => {}, get: () => undefined };
globalThis.MediaStream = FakeStream;
const { endpointOf, NOTHING, verdictOf, Watcher } = await import('../js/relay-player.js');

const endpoint = 'https://relay.example/whep/math';
const live = room({ state: 'live' });

/** A watcher that was started. */
async function begin(t, fields = live, { refuse = null, token } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'Date'] });
  t.mock.method(Math, 'random', () => 0.5);
  const relay = new FakeRelay();
  relay.room = fields;
  relay.refuse = refuse;
  const told = [];
  const attached = [];
  const changed = () => {
    if (watcher.state !== told.at(-1)) told.push(watcher.state);
  };
  const watcher = new Watcher({
    endpoint, token, changed, attach: (stream) => attached.push(stream),
    request: relay.request, createPeer: () => new FakePeer(), createSource: (url) => new FakeSource(url),
  });
  watcher.start();
  await rest();
  const tick = async (ms) => {
    t.mock.timers.tick(ms);
    await rest();
  };
  /** So many frames were decoded, and so many packets of sound came. */
  const receives = (framesDecoded, packetsReceived = 0) => {
    FakePeer.last.stats.set('v', { type: 'inbound-rtp', kind: 'video', framesDecoded, packetsReceived: 2 * framesDecoded });
    FakePeer.last.stats.set('a', { type: 'inbound-rtp', kind: 'audio', packetsReceived });
  };
  const plays = async () => {
    receives(1);
    FakePeer.last.become('connected');
    FakePeer.last.transceivers[0].receiver.track.onunmute();
    FakeSource.last.tell('active');
    FakeSource.last.tell('viewercount');
    await rest();
  };
  return { relay, watcher, told, attached, tick, receives, plays };
}

beforeEach(reset);

test('only the address of a WHEP endpoint is one', () => {
  for (const good of [endpoint, `${endpoint}?token=x`, 'http://192.168.1.20:8080/whep/a_b-9', 'https://school.example/relay/whep/math']) assert.equal(endpointOf(good), good);
  for (const bad of [null, '', ' ', 'math', '/whep/math', 'ftp://relay.example/whep/math', 'javascript:alert(1)//whep/math',
    'https://relay.example/pull/math', 'https://relay.example/whep/', 'https://relay.example/whep/a/b', 'https://relay.example/whep/a%20b',
    'https://ada:secret@relay.example/whep/math', 'https://relay.example/whep/math#x']) {
    assert.equal(endpointOf(bad), null, String(bad));
  }
});

test('an address is as good relative to the page, with spaces around it, with a slash behind it', () => {
  for (const natural of ['/whep/math', '//relay.example/whep/math', ' whep/math\n', 'whep/math/', `${endpoint}/`]) {
    assert.equal(endpointOf(natural, 'https://relay.example/lessons.html'), endpoint, natural);
  }
  assert.equal(endpointOf('lesson', 'https://relay.example/'), null);
});

test('what is said, out of what is known', () => {
  const seen = { ...NOTHING, connected: true, wasConnected: true, active: true, picture: true };
  for (const [verdict, facts] of [
    ['connecting', NOTHING],
    ['connecting', { ...NOTHING, active: true, picture: true }],
    ['connecting', { ...seen, picture: false }],
    ['connecting', { ...seen, active: null }],
    ['playing', seen],
    ['playing', { ...seen, active: null, moves: true }],
    ['playing', { ...seen, answers: false, flows: true }],
    ['reconnecting', { ...seen, answers: false }],
    ['reconnecting', { ...seen, answers: false, active: false }],
    ['reconnecting', { ...seen, connected: false, picture: false, lost: true }],
    ['unreachable', { ...NOTHING, answers: false }],
    ['waiting', { ...seen, active: false }],
    ['waiting', { ...seen, active: false, moves: true }],
    ['waiting', { ...seen, active: null, moves: false }],
    ['waiting', { ...NOTHING, active: false, lost: true }],
    ['codec', { ...seen, picture: false, unplayable: true }],
    ['waiting', { ...seen, active: false, picture: false, unplayable: true }],
    ['origin', { ...NOTHING, refusal: 'origin' }],
    ['busy', { ...seen, refusal: 'busy' }],
  ]) assert.equal(verdictOf(facts), verdict, JSON.stringify(facts));
});

test('offers to receive, without a delay in reserve, and plays', async (t) => {
  const { relay, watcher, told, attached, plays } = await begin(t);
  assert.deepEqual(FakePeer.last.transceivers.map(({ kind, init }) => [kind, init.direction]), [['video', 'recvonly'], ['audio', 'recvonly']]);
  assert.ok(FakePeer.last.transceivers.every(({ receiver }) => receiver.jitterBufferTarget === 0));
  assert.equal(FakePeer.last.remoteDescription.sdp, 'answer 1');
  assert.deepEqual([...relay.sessions], ['/whep/math/s1']);
  assert.equal(watcher.verdict, 'connecting');
  await plays();
  assert.deepEqual(told, ['playing']);
  assert.equal(new Set(attached).size, 1);
});

test('waits where nobody presents, and asks again when the relay said', async (t) => {
  const { relay, told, attached, tick, plays } = await begin(t, room());
  assert.deepEqual(told, ['waiting']);
  assert.deepEqual(attached.filter(Boolean), [], 'or the page would be loading until somebody presents');
  relay.room = live;
  await tick(3_400);
  assert.equal(relay.sessions.size, 0, 'never sooner, and not all at once');
  await tick(50);
  await plays();
  assert.deepEqual(told, ['waiting', 'connecting', 'playing']);
  assert.equal(attached.filter(Boolean).length > 0, true);
  assert.equal(FakePeer.all.length, 1, 'the offer is as good as before');
});

test('an away room: the last picture that is replayed is attached, and is no presentation', async (t) => {
  const { told, attached, tick, receives } = await begin(t, { ...live, state: 'away' });
  FakePeer.last.become('connected');
  FakePeer.last.transceivers[0].receiver.track.onunmute();
  receives(30);
  await tick(200);
  assert.equal(new Set(attached).size, 1);
  assert.deepEqual(told, []);
  FakeSource.last.tell('viewercount');
  await rest();
  assert.deepEqual(told, ['waiting']);
  FakeSource.last.tell('active');
  await rest();
  assert.notEqual(told.at(-1), 'playing', 'before a picture of the presenter who came back');
  receives(31);
  await tick(200);
  assert.equal(told.at(-1), 'playing');
});

test('an away room that is told to be inactive at once', async (t) => {
  const { told, receives, tick } = await begin(t, { ...live, state: 'away' });
  receives(30);
  FakePeer.last.become('connected');
  FakeSource.last.tell('inactive');
  FakeSource.last.tell('viewercount');
  await tick(3_000);
  assert.deepEqual(told, ['waiting']);
});

test('events tell when the presenter goes and comes', async (t) => {
  const { relay, told, tick, receives, plays } = await begin(t);
  assert.equal(FakeSource.last.url, 'https://relay.example/whep/math/s1/sse/e1');
  assert.equal(relay.body, '["active","inactive","viewercount"]');
  await plays();
  FakeSource.last.tell('viewercount');
  assert.deepEqual(told, ['playing'], 'a count after the first tells nothing');
  FakeSource.last.tell('inactive');
  assert.deepEqual(told, ['playing', 'waiting']);
  await rest();
  FakeSource.last.tell('active');
  receives(2);
  await tick(200);
  assert.equal(told.at(-1), 'playing');
  FakeSource.last.tell('open');
  FakeSource.last.tell('viewercount');
  assert.equal(told.at(-1), 'waiting', 'a stream that was opened again tells all again');
});

test('a relay that was killed: said as soon as nothing flows, and nobody is waited for', async (t) => {
  const { relay, watcher, told, tick, receives, plays } = await begin(t);
  await plays();
  relay.up = false;
  FakeSource.last.fail(false);
  await rest();
  receives(9);
  await tick(1_000);
  assert.deepEqual(told, ['playing'], 'media goes on');
  await tick(1_600);
  assert.deepEqual(told, ['playing', 'reconnecting']);
  for (let seconds = 0; seconds < 20; seconds++) await tick(1_000);
  assert.deepEqual(told, ['playing', 'reconnecting']);
  assert.equal(FakePeer.all.length, 1, 'ICE tells when the session is over');
  relay.up = true;
  relay.sessions.clear();
  await tick(2_000);
  await tick(250);
  assert.equal(FakePeer.all.length, 2);
  await plays();
  assert.equal(watcher.state, 'playing');
});

test('a relay that is killed while the presenter is away', async (t) => {
  const { relay, told, tick, plays } = await begin(t);
  await plays();
  FakeSource.last.tell('inactive');
  relay.up = false;
  await tick(2_000);
  FakeSource.last.fail(false);
  await rest();
  assert.deepEqual(told, ['playing', 'waiting', 'reconnecting']);
});

test('the last picture stays until another comes: its connection is closed then, or when it is not wanted', async (t) => {
  const { watcher, attached, tick, plays } = await begin(t);
  const closed = () => FakePeer.all.map(({ connectionState }) => connectionState === 'closed');
  await plays();
  FakePeer.last.become('failed');
  await tick(250);
  assert.deepEqual(closed(), [false, false]);
  FakePeer.last.become('failed');
  await tick(1_000);
  assert.deepEqual(closed(), [false, true, false], 'there is nothing to keep of one without a picture');
  FakePeer.last.transceivers[1].receiver.track.onunmute();
  assert.deepEqual(closed(), [false, true, false], 'sound has no picture');
  await plays();
  assert.deepEqual(closed(), [true, true, false]);
  assert.equal(new Set(attached).size, 2);
  FakePeer.last.become('failed');
  watcher.stop();
  assert.deepEqual(closed(), [true, true, true]);
});

test('what ended leaves no picture behind', async (t) => {
  const { relay, attached, tick, plays } = await begin(t);
  await plays();
  relay.room = room();
  FakePeer.last.become('failed');
  await tick(250);
  assert.equal(attached.at(-1), null);
  assert.equal(FakePeer.all[0].connectionState, 'closed');
});

test('a codec that the browser lacks is named, until there is a picture', async (t) => {
  const { relay, watcher, told, tick, receives } = await begin(t, { ...live, video: 'H264', audio: true });
  FakePeer.last.become('connected');
  FakeSource.last.tell('active');
  for (let i = 1; i <= 14; i++) {
    receives(0, 10 * i);
    await tick(200);
  }
  assert.deepEqual(told, []);
  await tick(200);
  assert.deepEqual(told, ['failed']);
  assert.deepEqual([watcher.verdict, watcher.codec], ['codec', 'H264']);
  assert.equal(relay.of('GET').filter((line) => line === 'GET /api/rooms/math').length, 1);
  receives(1, 200);
  await tick(1_000);
  assert.deepEqual(told, ['failed', 'playing']);
});

test('sound alone is a presentation', async (t) => {
  const { told, tick, receives } = await begin(t, { ...live, audio: true });
  FakePeer.last.become('connected');
  FakeSource.last.tell('active');
  for (let i = 1; i <= 7; i++) {
    receives(0, 10 * i);
    await tick(200);
  }
  assert.deepEqual(told, ['playing']);
});

test('a relay that goes away and comes back', async (t) => {
  const { relay, watcher, told, attached, tick, plays } = await begin(t);
  await plays();
  relay.up = false;
  relay.sessions.clear();
  FakePeer.last.become('disconnected');
  await tick(1_900);
  assert.deepEqual(told, ['playing'], 'ICE may come back by itself');
  await tick(100);
  assert.equal(watcher.verdict, 'reconnecting');
  const { length } = attached;
  await tick(20_000);
  assert.equal(attached.length, length, 'the last picture stays');
  relay.up = true;
  await tick(2_000);
  await plays();
  assert.deepEqual(told, ['playing', 'reconnecting', 'playing']);
  assert.deepEqual([...relay.sessions], ['/whep/math/s2']);
});

test('a relay that says goodbye is not waited for', async (t) => {
  const { told, plays, tick } = await begin(t);
  await plays();
  const { transport } = FakePeer.last.getReceivers()[0];
  transport.state = 'closed';
  transport.onstatechange();
  assert.deepEqual(told, ['playing', 'reconnecting']);
  await tick(250);
  assert.equal(FakePeer.all.length, 2);
});

test('a session that has ended is noticed by its events; events that broke off are nothing', async (t) => {
  const { relay, told, plays, tick } = await begin(t);
  await plays();
  FakeSource.last.fail(false);
  FakeSource.last.fail(true);
  await rest();
  assert.equal(FakePeer.all.length, 1);
  assert.deepEqual(told, ['playing']);
  relay.sessions.clear();
  FakeSource.last.fail(true);
  await rest();
  await tick(250);
  assert.equal(FakePeer.all.length, 2);
});

test('a session that ended because nobody presents: it goes on waiting', async (t) => {
  const { relay, told, plays, tick } = await begin(t);
  await plays();
  FakeSource.last.tell('inactive');
  relay.room = room();
  relay.sessions.clear();
  FakePeer.last.become('failed');
  await tick(250);
  assert.deepEqual(told, ['playing', 'waiting']);
});

test('a relay that was never reached, one that is busy, one that refuses', async (t) => {
  const { relay, watcher, told, tick } = await begin(t, room());
  relay.up = false;
  await tick(3_450);
  assert.equal(watcher.verdict, 'unreachable');
  relay.up = true;
  relay.instead = new Response('', { status: 503, headers: { 'Retry-After': '7' } });
  await tick(2_000);
  relay.instead = new Response('', { status: 403 });
  await tick(6_900);
  assert.equal(watcher.state, 'reconnecting');
  await tick(100);
  assert.equal(watcher.verdict, 'refused');
  await tick(10_000);
  assert.deepEqual(told, ['waiting', 'reconnecting', 'failed', 'waiting']);
});

test('a relay that is there, but not for pages of this origin', async (t) => {
  const { relay, watcher, told, tick } = await begin(t, room());
  watcher.stop();
  // A browser lets nothing be read.
  let blocked = true;
  const opaque = [];
  const stranger = new Watcher({
    endpoint, changed: () => told.push(stranger.verdict), attach: () => {}, createPeer: () => new FakePeer(), createSource: (url) => new FakeSource(url),
    request: async (url, init) => {
      if (blocked && init.mode !== 'no-cors') throw new TypeError('Failed to fetch');
      if (init.mode === 'no-cors') opaque.push(url);
      return relay.request(url, init);
    },
  });
  told.length = 0;
  stranger.start();
  await rest();
  assert.deepEqual([stranger.state, ...told], ['failed', 'origin']);
  assert.deepEqual(opaque, [endpoint]);
  blocked = false;
  await tick(10_000);
  assert.deepEqual(told, ['origin', 'waiting']);
  blocked = true;
  await tick(3_500);
  assert.deepEqual(told, ['origin', 'waiting', 'unreachable'], 'a relay that let us in before is away');
  stranger.stop();
});

test('a relay that is asked too often can be reached', async (t) => {
  const { relay, watcher, tick } = await begin(t, room());
  relay.instead = new Response('', { status: 429, headers: { 'Retry-After': '5' } });
  await tick(3_450);
  assert.deepEqual([watcher.state, watcher.verdict], ['reconnecting', 'busy']);
  await tick(5_000);
  assert.equal(watcher.verdict, 'waiting');
});

test('a session without a URL is none: nothing is deleted, and the next is not had at once', async (t) => {
  const { relay, tick } = await begin(t, room());
  const request = relay.of('POST').length;
  for (const wait of [3_450, 250, 1_000, 2_000]) {
    relay.instead = new Response('answer', { status: 201 });
    await tick(wait);
  }
  assert.equal(relay.of('POST').length, request + 4);
  assert.deepEqual(relay.of('DELETE'), []);
  await tick(3_900);
  assert.equal(relay.of('POST').length, request + 4);
});

test('media that does not get through: another session', async (t) => {
  const { relay, tick } = await begin(t);
  await tick(10_000);
  await tick(250);
  assert.deepEqual([...relay.sessions], ['/whep/math/s2']);
});

test('sessions that end one after the other are not asked for at once, until one plays', async (t) => {
  const { tick, plays } = await begin(t);
  for (const wait of [250, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    const { length } = FakePeer.all;
    FakePeer.last.become('failed');
    await tick(wait - 1);
    assert.equal(FakePeer.all.length, length, `before ${wait}`);
    await tick(1);
    assert.equal(FakePeer.all.length, length + 1, `after ${wait}`);
  }
  await plays();
  const { length } = FakePeer.all;
  FakePeer.last.become('failed');
  await tick(250);
  assert.equal(FakePeer.all.length, length + 1);
});

test('events that ended while the session lives are asked for again', async (t) => {
  const { relay, told, tick, plays } = await begin(t);
  await plays();
  const first = FakeSource.last;
  first.fail(true);
  await rest();
  await tick(3_000);
  assert.equal(relay.of('POST').filter((line) => line.endsWith('/sse')).length, 2);
  assert.notEqual(FakeSource.last, first);
  FakeSource.last.tell('inactive');
  assert.deepEqual(told, ['playing', 'waiting']);
});

test('where there are no events, frames tell', async (t) => {
  const { relay, told, tick, receives } = await begin(t);
  FakePeer.last.become('failed');
  relay.instead = new Response('answer', { status: 201, headers: { Location: '/whep/math/s9' } });
  relay.sessions.add('/whep/math/s9');
  await tick(250);
  receives(30);
  FakePeer.last.become('connected');
  await tick(1_000);
  assert.ok(!told.includes('playing'), 'one picture is none that moves');
  for (let frames = 31; frames <= 36; frames++) {
    receives(frames);
    await tick(200);
  }
  assert.equal(told.at(-1), 'playing');
  for (let i = 0; i < 4; i++) await tick(1_000);
  assert.equal(told.at(-1), 'playing');
  relay.up = false;
  for (let i = 0; i < 10; i++) await tick(1_000);
  assert.equal(told.at(-1), 'reconnecting', 'a relay that does not answer does not tell that nobody presents');
  relay.up = true;
  for (let i = 0; i < 4; i++) await tick(1_000);
  assert.equal(told.at(-1), 'waiting');
  for (let frames = 37; frames <= 48; frames++) {
    receives(frames);
    await tick(200);
  }
  assert.equal(told.at(-1), 'playing');
});

test('where there are events, a still picture is no reason to wait', async (t) => {
  const { told, tick, plays } = await begin(t);
  await plays();
  for (let seconds = 0; seconds < 10; seconds++) await tick(1_000);
  assert.deepEqual(told, ['playing']);
});

test('stopped, it leaves and asks nothing more, even while a session is being made', async (t) => {
  const { relay, watcher, tick } = await begin(t);
  watcher.stop();
  await rest();
  assert.equal(relay.sessions.size, 0);
  watcher.start();
  watcher.stop();
  await rest();
  assert.equal(relay.sessions.size, 0);
  const { length } = relay.asked;
  await tick(60_000);
  assert.equal(relay.asked.length, length);
});

test('a PeerConnection that cannot be made is tried again', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let attempts = 0;
  const relay = new FakeRelay();
  relay.room = live;
  const createPeer = () => {
    if (attempts++ === 0) throw new Error('UnknownError');
    return new FakePeer();
  };
  const watcher = new Watcher({ endpoint, changed: () => {}, attach: () => {}, request: relay.request, createPeer, createSource: (url) => new FakeSource(url) });
  watcher.start();
  t.mock.timers.tick(3_000);
  await rest();
  assert.equal(relay.sessions.size, 1);
  watcher.stop();
});

test('a room that needs a key: says so, and asks again only when there is another one', async (t) => {
  const { relay, watcher, told, tick } = await begin(t, live, { refuse: () => problem(401, 'unauthorized', undefined, 'key') });
  assert.deepEqual([watcher.verdict, watcher.state], ['key', 'failed']);
  await tick(60_000);
  assert.deepEqual(relay.of('POST'), ['POST /whep/math']);
  relay.refuse = null;
  watcher.start();
  await rest();
  assert.equal(relay.of('POST')[1], 'POST /whep/math');
  assert.equal(told.at(-1), 'connecting');
});

test('a token is shown at the door, and to nobody else', async (t) => {
  const { relay } = await begin(t, live, { token: () => 'a.b.c' });
  const shown = relay.shown.filter(([, headers]) => headers.Authorization).map(([line]) => line);
  assert.deepEqual(shown, ['POST /whep/math']);
  assert.equal(relay.shown[0][1].Authorization, 'Bearer a.b.c');
});

test('what the relay refuses with is told in its own words', async (t) => {
  const cases = [
    [401, 'unauthorized', 'expired', 'expired'], [403, 'forbidden', undefined, 'forbidden'], [403, 'forbidden', 'removed', 'removed'],
    [403, 'forbidden', 'blocked', 'blocked'], [403, 'forbidden', 'locked', 'locked'], [503, 'room-full', undefined, 'full'],
    [503, 'shutting-down', undefined, 'busy'], [429, 'rate-limited', undefined, 'busy'], [400, 'bad-request', undefined, 'refused'],
  ];
  for (const [status, code, reason, verdict] of cases) {
    reset();
    const { relay, watcher, tick } = await begin(t, live, { refuse: () => problem(status, code, '5', reason) });
    assert.equal(watcher.verdict, verdict);
    for (let second = 0; second < 30; second++) await tick(1_000);
    const asks = !['expired', 'forbidden', 'removed', 'blocked'].includes(verdict);
    assert.equal(relay.of('POST').length > 1, asks, verdict);
    watcher.stop();
    t.mock.timers.reset();
    t.mock.restoreAll();
  }
});

test('a full room is asked again when the relay said, and plays', async (t) => {
  const { relay, watcher, tick, plays } = await begin(t, live, { refuse: () => problem(503, 'room-full', '5') });
  relay.refuse = null;
  await tick(4_900);
  assert.equal(watcher.verdict, 'full');
  await tick(200);
  await plays();
  assert.equal(watcher.verdict, 'playing');
});
