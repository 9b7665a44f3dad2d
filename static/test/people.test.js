import assert from 'node:assert/strict';
import { test } from 'node:test';

import { failureText, Manage } from '../js/manage.js';
import { arranged, conditionOf, fits, limitOf, Numbers, percent } from '../js/people.js';
import { problem } from './fakerelay.js';
import { rest } from './fakes.js';

const room = { video: 'VP8', audio: true };

/** A viewer who sees the picture, but for what the test says. */
function person(id, fields = {}) {
  return {
    id, name: null, since: '2026-05-01T10:42:00Z', browser: 'Chrome on Windows', via: 'websocket', connected: true,
    codec: 'VP8', bitrate: 2.4e6, loss: 0, rtt: 0.01, picture: true, trouble: null, ...fields,
  };
}

test('how somebody is doing, and how bad that is', () => {
  const of = (fields, where = room) => {
    const { key, bad } = conditionOf(person('a', fields), where);
    return [key, bad];
  };
  assert.deepEqual(of({}), ['people.sees', 0]);
  assert.deepEqual(of({ picture: false }, { video: null, audio: true }), ['people.hears', 0]);
  assert.deepEqual(of({ loss: 0.06 }), ['people.lossy', 1]);
  assert.deepEqual(of({ connected: false, picture: false }), ['people.apart', 2]);
  assert.deepEqual(of({ picture: false }), ['people.waits', 3]);
  assert.deepEqual(of({ picture: false, trouble: 'rate-limited' }), ['people.slow', 4]);
  assert.deepEqual(of({ picture: false, trouble: 'codec-unsupported' }), ['people.cannot-play', 4]);
  assert.deepEqual(of({ picture: false, trouble: 'codec-unsupported' }, null), ['people.cannot-play-this', 4]);
});

test('percentages that say something of what is little', () => {
  assert.deepEqual([0, 0.001, 0.01, 0.126, 1].map(percent), ['0 %', '<1 %', '1 %', '13 %', '100 %']);
});

test('trouble first, then whoever came first', () => {
  const people = [
    person('late', { since: '2026-05-01T10:44:00Z' }), person('early'), person('blind', { picture: false, since: '2026-05-01T10:45:00Z' }),
    person('poor', { trouble: 'rate-limited', since: '2026-05-01T10:46:00Z' }), person('near', { since: '2026-05-01T12:43:00+02:00' }),
  ];
  assert.deepEqual(arranged([], people, room, false), ['poor', 'blind', 'early', 'near', 'late']);
});

test('while somebody points at the list nothing in it moves', () => {
  const before = ['a', 'b', 'c'];
  const people = [person('c', { picture: false }), person('d', { picture: false }), person('a')];
  assert.deepEqual(arranged(before, people, room, true), ['a', 'b', 'c', 'd']);
  assert.deepEqual(arranged(before, people, room, false), ['c', 'd', 'a']);
});

test('numbers stay with whoever has no name; two of one name are told apart', () => {
  const numbers = new Numbers();
  const titles = (...people) => Object.fromEntries(numbers.titles(people, (number) => `Viewer ${number}`));
  assert.deepEqual(titles(person('b', { since: '2026-05-01T10:43:00Z' }), person('a')), { a: 'Viewer 1', b: 'Viewer 2' });
  assert.deepEqual(titles(person('b'), person('c', { name: 'Anna' })), { b: 'Viewer 2', c: 'Anna' });
  assert.deepEqual(titles(person('c', { name: 'Anna' }), person('d', { name: 'Anna' })), { c: 'Anna (3)', d: 'Anna (4)' });
});

test('whoever is looked for is found by any word of the row', () => {
  assert.ok(fits('', ['x']));
  assert.ok(fits(' anna', ['Anna', 'sees the picture']));
  assert.ok(fits('on WINDOWS', ['Anna', 'Chrome\u00a0on\u00a0Windows']));
  assert.ok(!fits('bert', ['Anna']));
});

test('a limit is a whole number, or none', () => {
  assert.deepEqual(['', ' ', '20', '0', '-1', '1.5', 'many', '1e9'].map(limitOf), [null, null, 20, undefined, undefined, undefined, undefined, undefined]);
});

/** A relay's people. */
const list = (fields = {}) => ({ room: 'math', locked: false, maxViewers: null, viewers: [person('a')], blocked: [], requests: [], ...fields });

/** A hand, and a relay that does what the test says. */
function begin(t) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const relay = { list: list(), refuse: null, asked: [], init: null };
  let changed = 0;
  const manage = new Manage({
    room: 'math', secret: () => 'r1', changed: () => changed++,
    request: async (url, init) => {
      relay.asked.push(`${init.method} ${url}${init.body ? ` ${init.body}` : ''}`);
      relay.init = init;
      if (init.method === 'GET') return relay.list ? Response.json(relay.list) : problem(500, 'internal');
      return relay.refuse?.() ?? new Response(null, { status: 204 });
    },
  });
  const tick = async (ms) => {
    t.mock.timers.tick(ms);
    await rest();
  };
  return { manage, relay, tick, changed: () => changed };
}

test('looks each two seconds, for as long as it is wanted, as the one who presents', async (t) => {
  const { manage, relay, tick } = begin(t);
  assert.equal(manage.people, null);
  manage.watch(true);
  manage.watch(true);
  await tick(0);
  assert.equal(manage.people.viewers[0].id, 'a');
  assert.equal(relay.init.headers.Authorization, 'Bearer r1');
  await tick(2_000);
  await tick(2_000);
  assert.deepEqual(relay.asked, Array(3).fill('GET /api/rooms/math/viewers'));
  manage.watch(false);
  await tick(10_000);
  assert.equal(relay.asked.length, 3);
  assert.equal(manage.people.viewers[0].id, 'a', 'what is known stays');
  manage.forget();
  assert.equal(manage.people, null);
});

test('each action is one request, and looked at at once', async (t) => {
  const { manage, relay } = begin(t);
  const does = async (action) => {
    relay.asked = [];
    assert.equal(await action(), null);
    await rest();
    assert.equal(relay.asked[1], 'GET /api/rooms/math/viewers');
    return relay.asked[0];
  };
  assert.equal(await does(() => manage.lock(true)), 'PATCH /api/rooms/math {"locked":true}');
  assert.equal(await does(() => manage.limit(20)), 'PATCH /api/rooms/math {"maxViewers":20}');
  assert.equal(await does(() => manage.limit(null)), 'PATCH /api/rooms/math {"maxViewers":null}');
  assert.equal(await does(() => manage.remove('a/b')), 'DELETE /api/rooms/math/viewers/a%2Fb');
  assert.equal(await does(() => manage.block('a')), 'POST /api/rooms/math/blocked {"viewer":"a"}');
  assert.equal(await does(() => manage.unblock('x')), 'DELETE /api/rooms/math/blocked/x');
  assert.equal(await does(() => manage.answer('q', false)), 'POST /api/rooms/math/requests/q {"grant":false}');
  assert.equal(await does(() => manage.end()), 'DELETE /api/rooms/math');
});

test('what the relay does not do it says; who has left meanwhile is gone as wanted', async (t) => {
  const { manage, relay } = begin(t);
  relay.refuse = () => problem(429, 'rate-limited');
  assert.equal(await manage.remove('a'), 'rate-limited');
  relay.refuse = () => problem(404, 'not-found');
  assert.equal(await manage.remove('a'), null);
  assert.equal(await manage.answer('q', true), 'not-found', 'nobody is there to take it');
  relay.refuse = () => { throw new TypeError('Failed to fetch'); };
  assert.equal(await manage.remove('a'), 'unreachable');
  assert.deepEqual(['not-found', 'forbidden', 'unreachable'].map(failureText), ['people.gone-before', 'people.not-yours', 'people.failed']);
});

test('a relay that does not answer: what is known stays, and it is asked again', async (t) => {
  const { manage, relay, tick } = begin(t);
  manage.watch(true);
  await tick(0);
  relay.list = null;
  await tick(2_000);
  assert.equal(manage.reached, false);
  assert.equal(manage.people.viewers.length, 1);
  relay.list = list({ viewers: [] });
  await tick(2_000);
  assert.equal(manage.reached, true);
  assert.equal(manage.people.viewers.length, 0);
});

test('an answer to an earlier question says nothing new', async (t) => {
  const { manage, relay } = begin(t);
  let answer = () => {};
  const slow = new Manage({
    room: 'math', secret: () => 'r1', changed: () => {},
    request: () => new Promise((resolve) => { answer = (body) => resolve(Response.json(body)); }),
  });
  const first = slow.look();
  const late = answer;
  const second = slow.look();
  answer(list({ locked: true }));
  await second;
  late(list({ locked: false }));
  await first;
  assert.equal(slow.people.locked, true);
  slow.forget();
  assert.equal(manage.people, null);
  assert.equal(relay.asked.length, 0);
});
