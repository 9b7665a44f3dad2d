import assert from 'node:assert/strict';
import { test } from 'node:test';

import { TakeOver } from '../js/takeover.js';
import { problem } from './fakerelay.js';
import { rest } from './fakes.js';

/** Somebody who may ask, and a relay that answers what the test says. */
function begin(t) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const relay = { answer: () => Response.json({ state: 'waiting' }), asked: [], headers: [] };
  const granted = [];
  const seen = [];
  let lapsed = 0;
  const during = [];
  const takeOver = new TakeOver({
    room: 'math',
    request: async (url, init) => {
      relay.asked.push([url, JSON.parse(init.body)]);
      relay.headers.push(init.headers);
      relay.lasting = init.keepalive;
      return relay.answer();
    },
    headers: () => ({ Authorization: 'Bearer publish-1' }),
    granted: (secret) => granted.push(secret),
    lapsed: () => {
      lapsed++;
      during.push(takeOver.state);
    },
    changed: () => takeOver.state === seen.at(-1) || seen.push(takeOver.state),
  });
  const says = (state) => { relay.answer = () => Response.json({ state }); };
  const tick = async (ms) => {
    for (let passed = 0; passed < ms; passed += 500) {
      t.mock.timers.tick(500);
      await rest();
    }
  };
  return { takeOver, relay, granted, seen, lapsed: () => lapsed, during, says, tick };
}

test('asks with a secret of its own and goes on asking', async (t) => {
  const { takeOver, relay, tick } = begin(t);
  takeOver.ask('Anna');
  await tick(6_000);
  assert.equal(takeOver.state, 'asking');
  const [[url, body]] = relay.asked;
  assert.equal(url, '/api/rooms/math/requests');
  assert.match(body.secret, /^[A-Za-z0-9_-]{22,64}$/);
  assert.equal(body.name, 'Anna');
  assert.ok(relay.asked.length >= 3 && relay.asked.every(([, { secret }]) => secret === body.secret));
  assert.equal(relay.headers[0].Authorization, 'Bearer publish-1');
});

test('granted: tells the secret once, and goes on asking until it is used', async (t) => {
  const { takeOver, relay, granted, seen, says, tick } = begin(t);
  takeOver.ask('');
  await tick(2_000);
  says('granted');
  await tick(6_000);
  assert.deepEqual(granted, [relay.asked[0][1].secret]);
  const asked = relay.asked.length;
  takeOver.end();
  await tick(10_000);
  assert.equal(relay.asked.length, asked);
  assert.deepEqual(seen, ['asking', 'granted', 'none']);
});

test('granted, and not used in time: it is over, and withdrawn', async (t) => {
  for (const late of ['declined', 'waiting']) {
    const { takeOver, relay, lapsed, during, says, tick } = begin(t);
    takeOver.ask('');
    says('granted');
    await tick(4_000);
    says(late);
    await tick(4_000);
    assert.equal(takeOver.state, 'late');
    assert.equal(lapsed(), 1);
    // A page on which the room is still its own takes any other state for one that is over.
    assert.deepEqual(during, ['granted']);
    assert.equal(relay.asked.at(-1)[1].withdraw, true);
    t.mock.timers.reset();
  }
});

test('declined, free, nobody answers', async (t) => {
  const { takeOver, relay, seen, says, tick } = begin(t);
  says('declined');
  takeOver.ask('');
  await tick(4_000);
  assert.equal(takeOver.state, 'declined');
  const [, first] = relay.asked[0];
  says('free');
  takeOver.ask('');
  await tick(4_000);
  assert.equal(takeOver.state, 'none');
  assert.notEqual(relay.asked.at(-1)[1].secret, first.secret, 'another question');
  says('waiting');
  takeOver.ask('');
  await tick(100_000);
  assert.equal(takeOver.state, 'unanswered');
  assert.equal(relay.asked.at(-1)[1].withdraw, true);
  assert.deepEqual(seen, ['asking', 'declined', 'asking', 'none', 'asking', 'unanswered']);
});

test('cancelled: withdrawn, and an answer on its way is not heard', async (t) => {
  const { takeOver, relay, granted, tick } = begin(t);
  let answer = () => {};
  relay.answer = () => new Promise((resolve) => { answer = () => resolve(Response.json({ state: 'granted' })); });
  takeOver.ask('');
  await rest();
  const late = answer;
  relay.answer = () => Response.json({ state: 'waiting' });
  takeOver.cancel();
  late();
  await tick(6_000);
  assert.equal(takeOver.state, 'none');
  assert.deepEqual(granted, []);
  assert.deepEqual(relay.asked.map(([, { withdraw }]) => withdraw), [undefined, true]);
});

test('a relay that cannot be reached, or has no room for questions, is asked again', async (t) => {
  const { takeOver, relay, granted, says, tick } = begin(t);
  relay.answer = () => { throw new TypeError('Failed to fetch'); };
  takeOver.ask('');
  await tick(4_000);
  assert.equal(takeOver.reached, false);
  relay.answer = () => problem(503, 'room-full');
  await tick(4_000);
  assert.equal(takeOver.reached, false);
  says('granted');
  await tick(4_000);
  assert.equal(takeOver.reached, true);
  assert.equal(granted.length, 1);
});

test('a page that goes away takes its question back, but not the room that it was granted', async (t) => {
  const { takeOver, relay, says, tick } = begin(t);
  takeOver.ask('');
  await tick(2_000);
  takeOver.leave();
  assert.equal(takeOver.state, 'none');
  assert.equal(relay.asked.at(-1)[1].withdraw, true);
  assert.equal(relay.lasting, true, 'longer than the page');
  says('granted');
  takeOver.ask('');
  await tick(2_000);
  takeOver.leave();
  assert.equal(takeOver.state, 'granted');
  assert.equal(relay.asked.at(-1)[1].withdraw, undefined);
  takeOver.end();
});
