import assert from 'node:assert/strict';
import { test } from 'node:test';

import { HttpSession } from '../js/httpsession.js';
import { HttpSocket } from '../js/httpsocket.js';
import { FakeRelay, FakeSource } from './fakerelay.js';
import { rest, room } from './fakes.js';

const live = room({ state: 'live', video: 'VP8', audio: true, since: '2026-05-01T10:42:00Z' });
const offer = (origin, version = 2) => `v=0\r\no=- ${origin} ${version} IN IP4 127.0.0.1\r\nm=video 9 X 96\r\na=mid:0\r\na=ice-ufrag:u${version}\r\n`;

/** A joined socket, and the relay behind it. */
async function begin(t, role, { relay = new FakeRelay(), session, join = {} } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const heard = [];
  let closed = 0;
  session ??= new HttpSession(role === 'viewer' ? '/whep/math' : '/whip/math', relay.request);
  const socket = new HttpSocket({ role, room: 'math', session, request: relay.request, createSource: (url) => new FakeSource(url) });
  const send = async (message) => {
    socket.send(JSON.stringify(message));
    await rest();
  };
  socket.onopen = () => socket.send(JSON.stringify({ type: 'join', codecs: ['video/VP8'], ...join }));
  socket.onmessage = ({ data }) => heard.push(JSON.parse(data));
  socket.onclose = () => closed++;
  await rest();
  const tick = async (ms) => {
    t.mock.timers.tick(ms);
    await rest();
  };
  return { relay, session, socket, heard, send, tick, closed: () => closed, last: () => heard.at(-1) };
}

test('joins with what the relay says of the room, and goes on asking', async (t) => {
  const { relay, heard, tick, last } = await begin(t, 'viewer');
  assert.deepEqual(heard, [{ type: 'welcome', id: '/whep/math#0', resume: '', room: 'math', role: 'viewer', iceServers: [], origins: null, ...room() }]);
  relay.room = live;
  await tick(2_000);
  assert.deepEqual(last(), { type: 'room', ...live });
});

test('an offer becomes a session, another one of the same PeerConnection an ICE restart', async (t) => {
  const { relay, send, last } = await begin(t, 'publisher');
  await send({ type: 'offer', sdp: offer(1) });
  assert.deepEqual(last(), { type: 'answer', sdp: 'answer 1', resume: 'r1' });
  assert.match(relay.headers['Relay-Resume'], /^[0-9a-f]{32}$/, 'its own, while there is none of the relay’s');
  assert.equal(relay.body, offer(1));
  await send({ type: 'offer', sdp: offer(1, 3) });
  assert.deepEqual(relay.of('PATCH'), ['PATCH /whip/math/s1']);
  assert.deepEqual(relay.headers, { 'Content-Type': 'application/trickle-ice-sdpfrag', 'If-Match': '*' });
  assert.match(relay.body, /^m=video.*a=mid:0\r\na=ice-ufrag:u3\r\n$/s);
  assert.equal(last().type, 'answer');
});

test('the offer of another PeerConnection takes the place of the session before', async (t) => {
  const { relay, send } = await begin(t, 'publisher');
  await send({ type: 'offer', sdp: offer(1) });
  await send({ type: 'offer', sdp: offer(2) });
  assert.deepEqual([...relay.sessions], ['/whip/math/s2']);
  assert.deepEqual(relay.of('DELETE'), []);
});

test('candidates are nobody’s concern', async (t) => {
  const { relay, send } = await begin(t, 'viewer');
  const { length } = relay.asked;
  await send({ type: 'candidate', candidate: null });
  assert.equal(relay.asked.length, length);
});

test('no session in an idle room; a refusal is an error, and the socket stays', async (t) => {
  const { send, last, closed } = await begin(t, 'viewer');
  await send({ type: 'offer', sdp: offer(1) });
  assert.deepEqual(last(), { type: 'error', code: 'not-live', message: 'not-live', since: live.since, retryAfter: 3 });
  assert.equal(closed(), 0);
});

test('a room that somebody else presents in refuses the presenter, with the time', async (t) => {
  const relay = new FakeRelay();
  relay.room = live;
  const { heard, closed } = await begin(t, 'publisher', { relay });
  assert.deepEqual(heard, [{ type: 'error', code: 'room-busy', message: '', since: live.since }]);
  assert.equal(closed(), 1);
});

test('a page that is loaded again has its place back', async (t) => {
  const relay = new FakeRelay();
  relay.room = { ...live, state: 'away' };
  relay.sessions.add('before');
  relay.places.set('secret', 'before');
  const { last, send } = await begin(t, 'publisher', { relay, join: { resume: 'secret' } });
  assert.deepEqual([last().type, last().resume], ['welcome', 'secret']);
  await send({ type: 'offer', sdp: offer(1) });
  assert.deepEqual([...relay.sessions], ['/whip/math/s1']);
  assert.equal(last().resume, 'r1');
});

test('a secret that opens nothing any more: the room is somebody else’s', async (t) => {
  const relay = new FakeRelay();
  relay.room = live;
  const { last, send, closed } = await begin(t, 'publisher', { relay, join: { resume: 'old' } });
  await send({ type: 'offer', sdp: offer(1) });
  assert.equal(last().code, 'room-busy');
  assert.equal(closed(), 0);
});

test('after leaving the page is a newcomer', async (t) => {
  const { relay, send } = await begin(t, 'publisher');
  await send({ type: 'offer', sdp: offer(1) });
  await send({ type: 'leave' });
  await send({ type: 'offer', sdp: offer(2) });
  assert.match(relay.headers['Relay-Resume'], /^[0-9a-f]{32}$/);
});

test('a ping is answered at once, whatever is on its way', async (t) => {
  const { relay, socket, last } = await begin(t, 'viewer');
  assert.equal(socket.patience, 12_000, 'three requests');
  let answer = () => {};
  relay.room = live;
  relay.hold = new Promise((resolve) => { answer = resolve; });
  socket.send(JSON.stringify({ type: 'offer', sdp: offer(1) }));
  await rest();
  let synchronous = true;
  const onmessage = socket.onmessage;
  socket.onmessage = (event) => {
    assert.ok(!synchronous, 'whoever sent it has yet to begin to wait');
    onmessage(event);
  };
  socket.send('{"type":"ping"}');
  synchronous = false;
  await rest();
  assert.deepEqual(last(), { type: 'pong' });
  answer();
  await rest();
  assert.equal(relay.sessions.size, 1);
});

test('many changes at once are one more look', async (t) => {
  const { relay, socket } = await begin(t, 'viewer');
  const { length } = relay.asked;
  for (let i = 0; i < 5; i++) socket.send('{"type":"ping"}');
  await rest();
  assert.equal(relay.asked.length, length + 1);
});

test('a presenter whose answer was lost takes the own place', async (t) => {
  const relay = new FakeRelay();
  const { send, session, closed } = await begin(t, 'publisher', { relay });
  relay.mute = true;
  await send({ type: 'offer', sdp: offer(1) });
  assert.equal(closed(), 1);
  t.mock.timers.reset();
  const again = await begin(t, 'publisher', { relay, session });
  relay.room = { ...live, state: 'away' };
  await again.send({ type: 'offer', sdp: offer(2) });
  assert.equal(again.last().type, 'answer');
  assert.deepEqual([...relay.sessions], ['/whip/math/s2']);
});

test('a session that could not be ended is not forgotten', async (t) => {
  const { relay, session, send } = await begin(t, 'publisher');
  await send({ type: 'offer', sdp: offer(1) });
  relay.instead = new Response('', { status: 502 });
  await session.leave();
  assert.equal(session.location, '/whip/math/s1');
  relay.sessions.clear();
  await session.leave();
  assert.equal(session.location, '');
});

test('a socket that is opened again finds its session, or learns that it is lost', async (t) => {
  const relay = new FakeRelay();
  relay.room = live;
  const first = await begin(t, 'viewer', { relay });
  await first.send({ type: 'offer', sdp: offer(1) });
  relay.up = false;
  await first.tick(10_000);
  assert.equal(first.closed(), 1);
  t.mock.timers.reset();
  relay.up = true;
  const second = await begin(t, 'viewer', { relay, session: first.session });
  assert.equal(second.heard[0].id, first.heard[0].id);
  relay.sessions.clear();
  t.mock.timers.reset();
  const third = await begin(t, 'viewer', { relay, session: first.session });
  assert.notEqual(third.heard[0].id, first.heard[0].id);
});

test('a session that the relay lost closes the socket', async (t) => {
  const { relay, send, tick, closed } = await begin(t, 'publisher');
  await send({ type: 'offer', sdp: offer(1) });
  relay.room = live;
  relay.sessions.clear();
  await tick(2_000);
  assert.equal(closed(), 1);
});

test('a proxy whose relay is away closes the socket', async (t) => {
  const { relay, send, closed } = await begin(t, 'publisher');
  relay.instead = new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Content-Type': 'text/html' } });
  await send({ type: 'offer', sdp: offer(1) });
  assert.equal(closed(), 1);
});

test('leaving deletes the session at once, and says goodbye', async (t) => {
  const { relay, socket, send, last } = await begin(t, 'publisher');
  await send({ type: 'offer', sdp: offer(1) });
  socket.send('{"type":"leave"}');
  assert.equal(relay.asked.at(-1), 'DELETE /whip/math/s1');
  await rest();
  assert.deepEqual(last(), { type: 'bye', reason: 'left' });
  assert.equal(relay.sessions.size, 0);
});

test('whoever leaves while a session is being made leaves none behind', async (t) => {
  const { relay, socket } = await begin(t, 'publisher');
  socket.send(JSON.stringify({ type: 'offer', sdp: offer(1) }));
  socket.send('{"type":"leave"}');
  socket.close();
  await rest();
  assert.equal(relay.of('POST').length, 1);
  assert.equal(relay.sessions.size, 0);
});

test('events tell of a change at once, and polling rests', async (t) => {
  const relay = new FakeRelay();
  relay.room = live;
  const { socket, send, tick, last, heard } = await begin(t, 'viewer', { relay });
  await send({ type: 'offer', sdp: offer(1) });
  assert.equal(FakeSource.last.url, '/whep/math/s1/sse/e1');
  assert.equal(relay.body, '["active","inactive","viewercount"]');
  await tick(2_000);
  const { length } = heard;
  await tick(6_000);
  assert.equal(heard.length, length);
  relay.room = { ...live, viewers: 7 };
  FakeSource.last.tell('inactive');
  await rest();
  assert.equal(last().viewers, 7);
  const { length: asked } = relay.asked;
  FakeSource.last.tell('viewercount', { viewercount: 8 });
  await rest();
  assert.deepEqual(last(), { type: 'room', ...live, viewers: 8 });
  assert.equal(relay.asked.length, asked, 'the event says it all');
  await send({ type: 'offer', sdp: offer(1, 3) });
  assert.equal(relay.of('POST').filter((line) => line.endsWith('/sse')).length, 1, 'a restart keeps them');
  socket.close();
  socket.close();
  assert.deepEqual(relay.of('DELETE'), ['DELETE /whep/math/s1/sse/e1'], 'few can be open at once');
});

test('a viewer that lacks the room’s codec is told', async (t) => {
  const relay = new FakeRelay();
  relay.room = { ...live, video: 'H264' };
  const { heard, tick } = await begin(t, 'viewer', { relay });
  assert.deepEqual(heard.map(({ type, code }) => code ?? type), ['welcome', 'codec-unsupported']);
  await tick(2_000);
  assert.equal(heard.filter(({ type }) => type === 'error').length, 1, 'once');
});

test('a closed socket asks and says nothing', async (t) => {
  const { relay, socket, heard, tick } = await begin(t, 'viewer');
  socket.close();
  const counts = [relay.asked.length, heard.length];
  await tick(60_000);
  assert.deepEqual([relay.asked.length, heard.length], counts);
});
