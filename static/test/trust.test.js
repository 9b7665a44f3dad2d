import assert from 'node:assert/strict';
import { test } from 'node:test';

import { askAuthority, ends, groups } from '../js/authority.js';
import { systemOf } from '../js/platform.js';
import { strings } from '../js/strings.js';
import { tabAfter, Tabs } from '../js/tabs.js';
import { guides } from '../js/trust-guides.js';
import { TrustHint } from '../js/trusthint.js';
import { FakeTab, settle } from './fakes.js';

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

test('the ends of a fingerprint, as the terminal, Apple’s systems, and those without colons write it', () => {
  assert.deepEqual(ends('AB:CD:EF:01:23:45'), { colons: 'AB:CD:…:23:45', spaces: 'AB CD … 23 45', digits: 'abcd…2345' });
});

test('the relay is asked for its authority', async () => {
  const authority = { name: 'relay on box', fingerprint: 'AB:CD', until: '2036-11-20T00:00:00Z' };
  const answer = (status, body) => () => Promise.resolve(new Response(JSON.stringify(body), { status }));
  assert.deepEqual(await askAuthority(answer(200, authority)), { state: 'ready', authority });
  assert.deepEqual(await askAuthority(answer(404, {})), { state: 'none' });
  assert.deepEqual(await askAuthority(answer(500, {})), { state: 'failed' });
  assert.deepEqual(await askAuthority(() => Promise.reject(new TypeError('unreachable'))), { state: 'failed' });
});

/** A hint, and how often the relay was asked; it answers with this state. */
function hinted(state) {
  const shown = { hidden: true };
  const asked = [];
  const hint = new TrustHint(shown, async () => ({ state: asked[asked.push(state) - 1] }));
  return { shown, asked, hint };
}

test('a page that is cut off hints at the certificate, if there is one or if it may have changed', async () => {
  for (const [state, hidden] of [['ready', false], ['failed', false], ['none', true]]) {
    const { shown, hint } = hinted(state);
    hint.show(true);
    assert.ok(shown.hidden, 'before the relay has answered');
    await settle();
    assert.equal(shown.hidden, hidden, state);
  }
});

test('the relay is asked once, and not before the page is cut off; reached again, it is no matter', async () => {
  const { shown, asked, hint } = hinted('ready');
  hint.show(false);
  assert.equal(asked.length, 0);
  hint.show(true);
  hint.show(false);
  await settle();
  assert.ok(shown.hidden);
  hint.show(true);
  assert.ok(!shown.hidden);
  hint.show(false);
  assert.ok(shown.hidden);
  assert.equal(asked.length, 1);
});

test('arrow keys walk the tabs round, Home and End go to the ends', () => {
  assert.deepEqual(['ArrowRight', 'ArrowLeft', 'Home', 'End', 'Tab'].map((key) => tabAfter(key, 0, 5)), [1, 4, 0, 4, null]);
  assert.equal(tabAfter('ArrowRight', 4, 5), 0);
  for (const scrolls of ['ArrowUp', 'ArrowDown', 'PageDown', ' ']) assert.equal(tabAfter(scrolls, 0, 5), null, scrolls);
});

test('one tab is chosen, the tab key reaches it alone, its panel is the one shown', (t) => {
  const tabs = ['a', 'b', 'c'].map((id) => new FakeTab(id));
  const panels = new Map(tabs.map(({ id }) => [`panel-${id}`, { hidden: false }]));
  globalThis.document = { getElementById: (id) => panels.get(id) };
  t.after(() => delete globalThis.document);
  const chosen = [];
  const picked = [];
  new Tabs(tabs, ({ id }) => chosen.push(id), ({ id }) => picked.push(id)).choose(tabs[0]);
  assert.deepEqual(picked, [], 'nobody has pressed anything');
  const key = tabs[0].press('ArrowLeft');
  assert.ok(key.prevented);
  assert.deepEqual(tabs.map((tab) => tab.attributes['aria-selected']), ['false', 'false', 'true']);
  assert.deepEqual(tabs.map((tab) => tab.tabIndex), [-1, -1, 0]);
  assert.deepEqual([...panels.values()].map(({ hidden }) => hidden), [true, true, false]);
  assert.ok(tabs[2].focused);
  tabs[1].listeners.click();
  assert.deepEqual(chosen, ['a', 'c', 'b']);
  assert.deepEqual(picked, ['c', 'b']);
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

/** A way's drawings in which something is compared with the terminal; what they show is as the system writes it. */
function comparisons({ steps }) {
  const forms = (drawing) => [...parts(drawing)].filter(({ look }) => /\bprint\b/.test(look)).map(({ fact }) => fact);
  return steps.map(({ drawing }) => forms(drawing)).filter(({ length }) => length > 0);
}

test('on every way to trust, what the system shows of the file is compared with the terminal', () => {
  const shown = Object.fromEntries(guides.map(({ system, ways }) => [system, ways.map((way) => comparisons(way).map(([form]) => form))]));
  assert.deepEqual(shown, {
    windows: [['colons', 'digits']], macos: [['colons', 'spaces']], ios: [['colons', 'spaces']],
    android: [['colons', 'colons']], linux: [['colons', 'digits'], ['colons', 'colons']],
  });
  for (const way of guides.flatMap(({ ways }) => ways)) {
    for (const forms of comparisons(way)) assert.equal(forms[1], 'colons', 'the terminal');
  }
});

test('a guide offers the file that its steps speak of, and no other', () => {
  const files = Object.fromEntries(guides.map(({ system, file }) => [system, file]));
  assert.deepEqual(files, { windows: 'relay-ca.cer', macos: 'relay-ca.cer', ios: undefined, android: 'relay-ca.crt', linux: 'relay-ca.crt' });
  for (const { system, file, ways } of guides) {
    const steps = ways.flatMap((way) => way.steps);
    const drawn = steps.flatMap(({ drawing }) => [...parts(drawing)].map(({ literal = '' }) => literal));
    const said = steps.flatMap(({ key, command = '' }) => [strings.en[key], strings.zh[key], command]);
    const named = [...drawn, ...said].join(' ').match(/relay-ca\.\w+/g) ?? [];
    assert.deepEqual([...new Set(named)], file ? [file] : [], system);
  }
});
