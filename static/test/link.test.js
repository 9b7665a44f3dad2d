import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';

import { Link } from '../js/link.js';
import { FakePeer, reset, settle } from './fakes.js';

/** A started Link on a joined socket. */
async function begin(t, { up = true, prepare = (pc) => pc.addTransceiver('video', {}) } = {}) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const states = [];
  const signaling = { up, sent: [], checks: 0, send(message) { this.sent.push(message); return this.up; }, check() { this.checks++; } };
  const link = new Link({
    signaling, prepare, munge: (sdp) => `${sdp} munged`,
    changed: (state) => states.push(state), createPeer: (config) => new FakePeer(config),
  });
  link.welcomed({ id: 's1', iceServers: [] });
  link.start();
  await settle();
  const tick = async (ms) => { t.mock.timers.tick(ms); await settle(); };
  const connect = async () => {
    await link.answered('answer');
    FakePeer.last.become('connected');
  };
  return { link, signaling, states, tick, connect, offers: () => signaling.sent.filter((message) => message.type === 'offer') };
}

beforeEach(reset);

test('offers at once, munged, and connects', async (t) => {
  const { link, states, connect, offers } = await begin(t);
  assert.deepEqual(offers(), [{ type: 'offer', sdp: 'offer 1 munged' }]);
  await connect();
  assert.deepEqual(states, ['connecting', 'connected']);
  assert.equal(link.peer.remoteDescription.sdp, 'answer');
});

test('candidates trickle, their end too', async (t) => {
  const { signaling } = await begin(t);
  FakePeer.last.onicecandidate({ candidate: { toJSON: () => ({ candidate: 'c' }) } });
  FakePeer.last.onicecandidate({ candidate: null });
  assert.deepEqual(signaling.sent.slice(1), [{ type: 'candidate', candidate: { candidate: 'c' } }, { type: 'candidate', candidate: null }]);
});

test('without a socket it waits for the welcome', async (t) => {
  const { link, signaling } = await begin(t, { up: false });
  assert.equal(FakePeer.all.length, 0);
  signaling.up = true;
  link.welcomed({ id: 's1', iceServers: [] });
  assert.equal(FakePeer.all.length, 1);
});

test('disconnected for less than 2 s is nothing; longer means an ICE restart on the same connection', async (t) => {
  const { states, tick, connect, offers } = await begin(t);
  await connect();
  FakePeer.last.become('disconnected');
  await tick(1_900);
  FakePeer.last.become('connected');
  await tick(5_000);
  assert.equal(offers().length, 1);
  FakePeer.last.become('disconnected');
  await tick(2_000);
  assert.deepEqual(FakePeer.last.offers.at(-1), { iceRestart: true });
  assert.equal(FakePeer.all.length, 1);
  await connect();
  assert.deepEqual(states, ['connecting', 'connected', 'lost', 'connected']);
});

test('a restart that fails is followed by a new connection on the same socket', async (t) => {
  const { tick, connect, offers } = await begin(t);
  await connect();
  FakePeer.last.become('failed');
  await settle();
  await tick(5_000);
  assert.equal(FakePeer.all.length, 2);
  assert.equal(FakePeer.all[0].connectionState, 'closed');
  assert.deepEqual(FakePeer.last.offers, [{ iceRestart: false }]);
  assert.equal(offers().length, 3);
});

test('a connection that does not come up is tried again, and says so', async (t) => {
  const { states, tick } = await begin(t);
  await tick(10_000);
  assert.deepEqual(states, ['connecting', 'failing']);
  await tick(400);
  assert.equal(FakePeer.all.length, 2);
  assert.deepEqual(states, ['connecting', 'failing']);
});

test('resumed and still connected: no offer', async (t) => {
  const { link, connect, offers } = await begin(t);
  await connect();
  link.welcomed({ id: 's1', iceServers: [] });
  assert.equal(offers().length, 1);
});

test('resumed and not connected: ICE restart', async (t) => {
  const { link, connect } = await begin(t);
  await connect();
  FakePeer.last.become('disconnected');
  link.welcomed({ id: 's1', iceServers: [] });
  await settle();
  assert.deepEqual(FakePeer.last.offers.at(-1), { iceRestart: true });
});

test('another session: a new connection at once, whatever ICE still believes', async (t) => {
  const { link, connect } = await begin(t);
  await connect();
  link.welcomed({ id: 's2', iceServers: [] });
  assert.equal(FakePeer.all.length, 2);
});

test('the connection of before goes on until its successor is answered, and nobody is told', async (t) => {
  const { link, states, tick, connect } = await begin(t);
  await connect();
  const [first] = FakePeer.all;
  link.welcomed({ id: 's2', iceServers: [] });
  await settle();
  assert.deepEqual([first.connectionState, link.peer], ['connected', first]);
  await tick(5_000);
  link.check();
  assert.deepEqual(states, ['connecting', 'connected'], 'while the answer is on its way');
  await link.answered('second');
  assert.equal(first.connectionState, 'closed');
  await tick(1_400);
  FakePeer.last.become('connected');
  await tick(10_000);
  assert.deepEqual(states, ['connecting', 'connected']);
  assert.equal(FakePeer.all.length, 2);
});

test('a successor that takes its time is told of, and one that does not connect is tried again', async (t) => {
  const { link, states, tick, connect } = await begin(t);
  await connect();
  link.welcomed({ id: 's2', iceServers: [] });
  await settle();
  await link.answered('second');
  await tick(1_500);
  assert.equal(states.at(-1), 'lost');
  await tick(8_500);
  assert.equal(states.at(-1), 'failing');
  await tick(400);
  assert.equal(FakePeer.all.length, 3);
});

test('a successor that is refused, or not answered, is tried again while the other works', async (t) => {
  const { link, states, tick, connect } = await begin(t);
  await connect();
  const [first] = FakePeer.all;
  link.welcomed({ id: 's2', iceServers: [] });
  await settle();
  assert.equal(link.refused(), false);
  await tick(400);
  assert.equal(FakePeer.all.length, 3);
  await tick(10_000);
  await tick(1_000);
  assert.equal(FakePeer.all.length, 4);
  assert.deepEqual([states, first.connectionState], [['connecting', 'connected'], 'connected']);
  first.become('disconnected');
  assert.equal(states.at(-1), 'lost');
  await link.answered('to the one before');
  await connect();
  assert.deepEqual([states.at(-1), first.connectionState], ['connected', 'closed']);
});

test('stopped before its successor is answered: both are closed after the goodbye', async (t) => {
  const { link, tick, connect } = await begin(t);
  await connect();
  link.welcomed({ id: 's2', iceServers: [] });
  await settle();
  link.stop();
  assert.equal(FakePeer.all[0].connectionState, 'connected');
  await tick(500);
  assert.ok(FakePeer.all.every(({ connectionState }) => connectionState === 'closed'));
});

test('a session that the relay ended is not resumed', async (t) => {
  const { link, connect } = await begin(t);
  await connect();
  link.ended('silent');
  link.welcomed({ id: 's1', iceServers: [] });
  assert.equal(FakePeer.all.length, 2);
});

test('the answer to an earlier connection is not given to a later one', async (t) => {
  const { link } = await begin(t);
  link.renew();
  await settle();
  await link.answered('first');
  assert.equal(FakePeer.last.remoteDescription, null);
  await link.answered('second');
  assert.equal(FakePeer.last.remoteDescription.sdp, 'second');
});

test('a replaced connection works until its successor is answered', async (t) => {
  const { link, connect } = await begin(t);
  await connect();
  link.renew();
  await settle();
  assert.equal(FakePeer.all[0].connectionState, 'connected');
  await link.answered('second');
  assert.equal(FakePeer.all[0].connectionState, 'closed');
});

test('an error that answers no offer changes nothing', async (t) => {
  const { link, connect } = await begin(t);
  await connect();
  assert.equal(link.unanswered, false);
  assert.equal(link.refused(), false);
  assert.equal(link.state, 'connected');
});

test('a refused offer is made again by a new connection', async (t) => {
  const { link, tick } = await begin(t);
  assert.ok(link.unanswered);
  assert.equal(link.refused(), true);
  assert.equal(FakePeer.all[0].connectionState, 'closed');
  await tick(400);
  assert.equal(FakePeer.all.length, 2);
});

test('a wake-up mends at once what is broken, and nothing else', async (t) => {
  const { link, connect, offers } = await begin(t);
  await connect();
  link.check();
  await settle();
  assert.equal(offers().length, 1);
  FakePeer.last.connectionState = 'disconnected';
  link.check();
  await settle();
  assert.equal(offers().length, 2);
});

test('a wake-up that is told in three ways is one restart, and no new connection', async (t) => {
  const { link, tick, connect, offers } = await begin(t);
  await connect();
  FakePeer.last.become('disconnected');
  link.check();
  link.check();
  FakePeer.last.become('failed');
  await settle();
  link.check();
  await settle();
  assert.equal(offers().length, 2);
  await connect();
  await tick(10_000);
  assert.equal(FakePeer.all.length, 1);
  assert.equal(link.state, 'connected');
});

test('an answer that was lost with its socket is asked for again', async (t) => {
  const { link, connect, offers } = await begin(t);
  await connect();
  FakePeer.last.become('failed');
  await settle();
  link.welcomed({ id: 's1', iceServers: [] });
  await settle();
  assert.equal(offers().length, 3);
  await connect();
  assert.equal(link.state, 'connected');
  assert.equal(FakePeer.all.length, 1);
});

test('everything goes over one transport', async (t) => {
  await begin(t);
  assert.equal(FakePeer.last.config.bundlePolicy, 'max-bundle');
});

test('a connection that cannot be made is tried again', async (t) => {
  let attempts = 0;
  const prepare = () => {
    if (attempts++ === 0) throw new Error('UnknownError');
  };
  const { link, states, tick, connect } = await begin(t, { prepare });
  assert.deepEqual(states, ['connecting', 'failing']);
  assert.equal(FakePeer.all[0].connectionState, 'closed');
  await tick(400);
  await connect();
  assert.equal(link.state, 'connected');
});

test('a session that ended without a connection failed, until there is one', async (t) => {
  const { link, states, connect } = await begin(t);
  await link.answered('answer');
  link.ended('never-connected');
  link.welcomed({ id: 's2', iceServers: [] });
  await settle();
  assert.deepEqual(states, ['connecting', 'failing']);
  await connect();
  assert.equal(link.state, 'connected');
});

test('a broken connection without a socket looks for the socket', async (t) => {
  const { signaling, tick, connect } = await begin(t);
  await connect();
  const before = signaling.checks;
  signaling.up = false;
  FakePeer.last.become('disconnected');
  await tick(2_000);
  assert.equal(signaling.checks, before + 1);
});

test('a relay that has nothing to send is asked again when it has, and not before', async (t) => {
  const { link, states, tick, connect, offers } = await begin(t);
  link.rest();
  await tick(60_000);
  assert.equal(FakePeer.all[0].connectionState, 'closed');
  assert.equal(offers().length, 1);
  link.goOn();
  link.goOn();
  await settle();
  assert.equal(offers().length, 2);
  await connect();
  assert.deepEqual(states, ['connecting', 'connected']);
});

test('stopped: closed after the goodbye had its time, and never again', async (t) => {
  const { link, tick, connect } = await begin(t);
  await connect();
  link.stop();
  assert.equal(FakePeer.last.connectionState, 'connected');
  await tick(500);
  assert.equal(FakePeer.last.connectionState, 'closed');
  await tick(60_000);
  link.welcomed({ id: 's2', iceServers: [] });
  link.renew();
  assert.equal(FakePeer.all.length, 1);
});
