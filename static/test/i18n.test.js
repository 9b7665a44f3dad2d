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
    for (const [, key] of html.matchAll(/data-t(?:-title|itle)?="([^"]+)"/g)) assert.ok(keys.includes(key), `${file}: ${key}`);
  }
});

test('every key that a module names exists', () => {
  const groups = [...new Set(keys.map((key) => key.split('.')[0]))].join('|');
  for (const file of readdirSync(new URL('js/', here))) {
    const code = readFileSync(new URL(`js/${file}`, here), 'utf8');
    if (file === 'strings.js') continue;
    for (const [, key] of code.matchAll(new RegExp(`'((?:${groups})\\.[a-z0-9.-]+)'`, 'g'))) {
      assert.ok(keys.includes(key) || keys.includes(`${key}.one`), `${file}: ${key}`);
    }
  }
});

test('every key is used', () => {
  const modules = readdirSync(new URL('js/', here)).filter((name) => name !== 'strings.js').map((name) => `js/${name}`);
  const pages = readdirSync(here).filter((name) => name.endsWith('.html'));
  const text = [...modules, ...pages].map((name) => readFileSync(new URL(name, here), 'utf8')).join('\n');
  // Codes of the wire, and of failed captures, are put together.
  const composed = /^(error|bye|capture|state|pull\.(loading|away|slow|unplayable)|push\.(live|ended|loading))/;
  for (const key of keys) {
    assert.ok(composed.test(key) || text.includes(key.replace(/(\.vp8)?\.(one|many)$/, '')), key);
  }
});

test('there is a sentence for every code of the wire', () => {
  const errors = ['bad-request', 'unauthorized', 'forbidden', 'room-busy', 'room-full', 'not-live', 'codec-unsupported',
    'too-large', 'rate-limited', 'shutting-down', 'internal'];
  const reasons = ['replaced', 'shutting-down', 'never-connected', 'silent', 'left', 'abandoned', 'flood', 'failed'];
  for (const code of errors) assert.ok(keys.includes(`error.${code}`), code);
  for (const reason of reasons) assert.ok(keys.includes(`bye.${reason}`), reason);
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
