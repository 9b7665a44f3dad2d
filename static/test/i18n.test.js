import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';

import { choose, fill, Translator } from '../js/i18n.js';
import { strings } from '../js/strings.js';
import { storage } from './fakes.js';

const here = new URL('..', import.meta.url);
const keys = Object.keys(strings.en);

test('both languages have the same keys, and the same values to fill in', () => {
  assert.deepEqual(Object.keys(strings.zh).sort(), [...keys].sort());
  const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort();
  for (const key of keys) assert.deepEqual(holes(strings.zh[key]), holes(strings.en[key]), key);
});

test('every key that a page names exists', () => {
  for (const file of readdirSync(here).filter((name) => name.endsWith('.html'))) {
    const html = readFileSync(new URL(file, here), 'utf8');
    for (const [, key] of html.matchAll(/data-t(?:-title|-label|-alt|-placeholder|itle)?="([^"]+)"/g)) assert.ok(keys.includes(key), `${file}: ${key}`);
  }
});

test('every key that a module names exists', () => {
  const groups = [...new Set(keys.map((key) => key.split('.')[0]))].join('|');
  for (const file of readdirSync(new URL('js/', here))) {
    const code = readFileSync(new URL(`js/${file}`, here), 'utf8');
    if (file.startsWith('strings')) continue;
    for (const [, key] of code.matchAll(new RegExp(`'((?:${groups})\\.[a-z0-9.-]+)'`, 'g'))) {
      assert.ok(keys.includes(key) || keys.includes(`${key}.one`), `${file}: ${key}`);
    }
  }
});

/** The source of a module. */
function source(module) {
  return readFileSync(new URL(`js/${module}.js`, here), 'utf8');
}

/** The last parts of a group's keys. */
function group(name) {
  return keys.filter((key) => key.startsWith(`${name}.`)).map((key) => key.slice(name.length + 1)).sort();
}

/** What a type of a module may be. */
function members(module, type) {
  const [, union] = source(module).match(new RegExp(`@typedef \\{('[^}]*)\\} ${type}\\b`));
  return [...union.matchAll(/'([^']+)'/g)].map(([, member]) => member);
}

test('every key is used', () => {
  const modules = readdirSync(new URL('js/', here)).filter((name) => !name.startsWith('strings')).map((name) => `js/${name}`);
  const pages = readdirSync(here).filter((name) => name.endsWith('.html'));
  const text = [...modules, ...pages].map((name) => readFileSync(new URL(name, here), 'utf8')).join('\n');
  const states = [...members('presentstate', 'PresentState').map((state) => `push.${state}`), ...members('viewstate', 'ViewState').map((state) => `pull.${state}`)];
  for (const key of keys) {
    if (/^(error|bye|capture|state)\./.test(key) || states.includes(key)) continue;
    assert.ok(text.includes(`${key.replace(/(\.vp8)?\.(one|many)$/, '')}'`) || text.includes(`"${key}"`), key);
  }
});

test('a sentence for every code and reason of the wire, and for no other', () => {
  assert.deepEqual(group('error'), ['bad-request', 'codec-unsupported', 'forbidden', 'internal', 'not-live', 'rate-limited',
    'room-busy', 'room-full', 'shutting-down', 'too-large', 'unauthorized', 'unknown']);
  assert.deepEqual(group('bye'), ['abandoned', 'blocked', 'ended', 'failed', 'flood', 'handed-over', 'left', 'never-connected',
    'removed', 'replaced', 'shutting-down', 'silent', 'too-much', 'unknown']);
});

test('a word for every state of the presenter, and for no other', () => {
  assert.deepEqual(group('state'), members('presentstate', 'PresentState').sort());
});

test('a sentence for every way in which a capture fails, and for no other', () => {
  const text = ['capture', 'studio', 'presenter'].map(source).join('\n');
  const whole = [...text.matchAll(/'(?:capture\.)?((?:screen|no-sound|mic)-[a-z-]+)'/g)].map(([, code]) => code);
  const [, device] = text.match(/function deviceFailure[^{]*\{(.*?)\n\}/s);
  const failures = [...device.matchAll(/(?:return|:) '([a-z]+)'/g)].map(([, code]) => code);
  const composed = ['camera', 'mic'].flatMap((name) => failures.map((code) => `${name}-${code}`));
  assert.deepEqual(group('capture'), [...new Set([...whole, ...composed])].sort());
});

test('the language: what was chosen, else what the browser prefers', () => {
  assert.equal(choose(['de-DE', 'zh-TW', 'en'], null), 'zh');
  assert.equal(choose(['zh-CN'], 'en'), 'en');
  assert.equal(choose(['fr'], null), 'en');
});

test('the switch is remembered and told', () => {
  const kept = storage();
  const translator = new Translator(['en-GB'], kept);
  let told = 0;
  translator.onChange(() => told++);
  translator.toggle();
  assert.equal(translator.t('home.watch'), '观看');
  assert.equal(told, 1);
  assert.equal(new Translator(['en-GB'], kept).language, 'zh');
});

test('values, numbers, times and unknown codes', () => {
  const translator = new Translator(['en'], storage());
  assert.equal(fill('{a} of {b}', { a: 1, b: 'x' }), '1 of x');
  assert.equal(translator.count('pull.viewers', 1), '1 viewer');
  assert.equal(translator.count('pull.viewers', 7), '7 viewers');
  assert.equal(translator.bitrate(2_450_000), '2.5 Mbit/s');
  assert.equal(translator.bitrate(640_000), '640 kbit/s');
  assert.match(translator.time('2026-05-01T10:42:00Z'), /^\d\d:42$/);
  assert.equal(translator.t('error.brand-new'), strings.en['error.unknown']);
  assert.equal(translator.t('bye.brand-new'), strings.en['bye.unknown']);
});
