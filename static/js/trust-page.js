// The page about the relay's own certificate: past the warning, or trust.

import { askAuthority, groups } from './authority.js';
import { element, say, speak, translator } from './page.js';
import { systemOf } from './platform.js';
import { Tabs } from './tabs.js';
import { panelOf, tabOf } from './trust-elements.js';
import { guides } from './trust-guides.js';

/** @import { Asked, Authority } from './authority.js' */

const SENTENCES = { loading: 'trust.loading', none: 'trust.none', failed: 'trust.failed' };
const root = document.documentElement;
/** @type {Asked|{state: 'loading'}} what is known of the certificate */
let asked = { state: 'loading' };

const tabs = guides.map(tabOf);
element('systems', HTMLElement).append(...tabs);
element('guides', HTMLElement).append(...guides.map(panelOf));
const choice = new Tabs(tabs, ({ id }) => {
  const profile = Boolean(guides.find(({ system }) => system === id)?.profile);
  element('certificate', HTMLElement).hidden = profile;
  element('profile', HTMLElement).hidden = !profile;
  history.replaceState(null, '', `#${id}`);
});

/** The tab that the address names, or the visitor's own system. */
function chooseByAddress() {
  const named = tabs.find(({ id }) => `#${id}` === location.hash);
  const own = systemOf(navigator);
  choice.choose(named ?? tabs.find(({ id }) => id === own) ?? tabs[0]);
}

function render() {
  root.dataset.state = asked.state;
  say(element('status', HTMLElement), asked.state === 'ready' ? '' : translator.t(SENTENCES[asked.state]));
  if (asked.state === 'ready') show(asked.authority);
}

/** @param {Authority} authority */
function show({ name, fingerprint, until }) {
  const parts = groups(fingerprint);
  element('fingerprint', HTMLElement).replaceChildren(...parts.map(groupOf));
  say(element('until', HTMLElement), translator.date(until));
  tell('name', name);
  tell('start', `${parts[0]}…`);
}

/** @param {string} part */
function groupOf(part) {
  const group = document.createElement('span');
  group.textContent = part;
  return group;
}

/** Says a fact of the certificate wherever it is named. @param {string} name @param {string} text */
function tell(name, text) {
  for (const target of document.querySelectorAll(`[data-fact="${name}"]`)) target.textContent = text;
}

async function ask() {
  asked = { state: 'loading' };
  render();
  asked = await askAuthority(fetch.bind(window));
  render();
}

element('retry', HTMLButtonElement).addEventListener('click', () => void ask());
addEventListener('hashchange', chooseByAddress);
translator.onChange(render);
speak({ address: location.hostname, host: location.host });
chooseByAddress();
void ask();
