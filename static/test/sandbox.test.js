import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';

const script = readFileSync(new URL('../js/sandbox.js', import.meta.url), 'utf8');

/** What the page says with this origin, and what becomes of an error of one of its scripts. */
function load(origin) {
  const listeners = {};
  const create = (name) => ({ name, children: [], textContent: '', append(child) { this.children.push(child); }, replaceChildren(child) { this.children = [child]; } });
  const document = { createElement: create, body: create('body') };
  runInNewContext(script, { origin, document, addEventListener: (type, listener, capture) => { listeners[type] = { listener, capture }; } });
  let stopped = false;
  listeners.error?.listener({ stopImmediatePropagation: () => { stopped = true; } });
  listeners.DOMContentLoaded?.listener({});
  return { stopped, capture: listeners.error?.capture, said: document.body.children.flatMap(({ children }) => children.map(({ textContent }) => textContent)) };
}

test('in a sandbox without an origin the frame says what it needs, in both languages, and does not load again', () => {
  const { stopped, capture, said } = load('null');
  assert.ok(stopped && capture, 'before boot.js sees it');
  assert.equal(said.length, 2);
  assert.ok(said.every((line) => line.includes('allow-same-origin')));
});

test('anywhere else nothing is said, and boot.js does its work', () => {
  assert.deepEqual(load('https://relay.example'), { stopped: false, capture: undefined, said: [] });
});
