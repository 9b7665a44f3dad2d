import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askAuthority, groups } from '../js/authority.js';
import { systemOf } from '../js/platform.js';
import { strings } from '../js/strings.js';
import { tabAfter, Tabs } from '../js/tabs.js';
import { guides } from '../js/trust-guides.js';
import { FakeTab } from './fakes.js';

/** A browser, as it describes itself. */
function browser(userAgent, platform, maxTouchPoints = 0, hint = undefined) {
  return { userAgent, platform, maxTouchPoints, userAgentData: hint === undefined ? undefined : { platform: hint } };
}

test('the system that a visitor is on', () => {
  for (const [told, want] of [
    [browser('Mozilla/5.0 (Windows NT 10.0; Win64; x64)', 'Win32', 10, 'Windows'), 'windows'],
    [browser('Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:153.0) Firefox/153.0', 'Win32'), 'windows'],
    [browser('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari', 'MacIntel'), 'macos'],
    [browser('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Chrome', 'MacIntel', 0, 'macOS'), 'macos'],
    [browser('Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari', 'MacIntel', 5), 'ios'],
    [browser('Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X)', 'iPhone', 5), 'ios'],
    [browser('Mozilla/5.0 (Linux; Android 16; K) Chrome', 'Linux armv81', 5, 'Android'), 'android'],
    [browser('Mozilla/5.0 (Android 16; Mobile; rv:153.0) Firefox', 'Linux aarch64', 5), 'android'],
    [browser('Mozilla/5.0 (X11; Linux x86_64)', 'Linux x86_64', 0, 'Linux'), 'linux'],
    [browser('Mozilla/5.0 (X11; Linux x86_64)', 'Linux x86_64', 0, ''), 'linux'],
    [browser('Mozilla/5.0 (X11; CrOS x86_64)', 'Linux x86_64'), 'linux'],
  ]) assert.equal(systemOf(told), want, told.userAgent);
});

test('a fingerprint in groups is still the one that the terminal shows', () => {
  const bytes = Array.from({ length: 32 }, (_, i) => i.toString(16).padStart(2, '0').toUpperCase()).join(':');
  assert.equal(groups(bytes).length, 8);
  assert.equal(groups(bytes)[0], '00:01:02:03:');
  assert.equal(groups(bytes).join(''), bytes);
  assert.deepEqual(groups(''), []);
});

test('the relay is asked for its authority', async () => {
  const authority = { name: 'relay on box', fingerprint: 'AB:CD', until: '2036-11-20T00:00:00Z' };
  const answer = (status, body) => () => Promise.resolve(new Response(JSON.stringify(body), { status }));
  assert.deepEqual(await askAuthority(answer(200, authority)), { state: 'ready', authority });
  assert.deepEqual(await askAuthority(answer(404, {})), { state: 'none' });
  assert.deepEqual(await askAuthority(answer(500, {})), { state: 'failed' });
  assert.deepEqual(await askAuthority(() => Promise.reject(new TypeError('unreachable'))), { state: 'failed' });
});

test('arrow keys walk the tabs round, Home and End go to the ends', () => {
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'Home', 'End', 'Tab'].map((key) => tabAfter(key, 0, 5)), [1, 4, 0, 4, null]);
  assert.equal(tabAfter('ArrowRight', 4, 5), 0);
});

test('one tab is chosen, the tab key reaches it alone, its panel is the one shown', (t) => {
  const tabs = ['a', 'b', 'c'].map((id) => new FakeTab(id));
  const panels = new Map(tabs.map(({ id }) => [`panel-${id}`, { hidden: false }]));
  globalThis.document = { getElementById: (id) => panels.get(id) };
  t.after(() => delete globalThis.document);
  const chosen = [];
  new Tabs(tabs, ({ id }) => chosen.push(id)).choose(tabs[0]);
  const key = tabs[0].press('ArrowLeft');
  assert.ok(key.prevented);
  assert.deepEqual(tabs.map((tab) => tab.attributes['aria-selected']), ['false', 'false', 'true']);
  assert.deepEqual(tabs.map((tab) => tab.tabIndex), [-1, -1, 0]);
  assert.deepEqual([...panels.values()].map(({ hidden }) => hidden), [true, true, false]);
  assert.ok(tabs[2].focused);
  tabs[1].listeners.click();
  assert.deepEqual(chosen, ['a', 'c', 'b']);
  assert.ok(!tabs[1].press('a').prevented);
});

/** A drawing and everything in it. */
function* parts(drawing) {
  yield drawing;
  for (const inside of drawing.inside ?? []) yield* parts(inside);
}

/** The numbers of what to press, in order. */
function numbers(drawing) {
  return [...parts(drawing)].filter(({ look }) => look === 'number').map(({ literal }) => Number(literal)).sort();
}

test('every guide leads past the warning and to trust, each step with a picture whose words exist', () => {
  assert.deepEqual(guides.map(({ system }) => system), ['windows', 'macos', 'ios', 'android', 'linux']);
  for (const { system, past, ways, notes, warned } of guides) {
    const steps = ways.flatMap((way) => way.steps);
    const drawings = [...past, ...steps].map(({ drawing }) => drawing);
    const keys = [...steps.map(({ key }) => key), ...past.flatMap((way) => way.keys), ...notes, ...warned];
    const drawn = drawings.flatMap((drawing) => [...parts(drawing)].flatMap(({ key }) => key ?? []));
    for (const key of [...keys, ...drawn]) assert.ok(key in strings.en, `${system}: ${key}`);
    for (const drawing of drawings) assert.deepEqual(numbers(drawing), numbers(drawing).map((_, i) => i + 1));
    for (const { drawing, keys } of past) assert.equal(numbers(drawing).length, keys.length, 'a number for each step');
  }
});
