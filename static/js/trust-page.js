// The page about the relay's own certificate: past the warning, or trust.

import { askAuthority, ends, groups } from './authority.js';
import { element, say, speak, translator } from './page.js';
import { systemOf } from './platform.js';
import { Tabs } from './tabs.js';
import { panelOf, tabOf } from './trust-elements.js';
import { guides } from './trust-guides.js';

/** @import { Asked, Authority } from './authority.js' */
/** @import { Guide } from './trust-guides.js' */

const SENTENCES = { loading: 'trust.loading', none: 'trust.none', failed: 'trust.failed' };
const root = document.documentElement;
const status = element('status', HTMLElement);
const print = element('fingerprint', HTMLElement);
/** @type {Asked|{state: 'loading'}} what is known of the certificate */
let asked = { state: 'loading' };

const tabs = guides.map(tabOf);
element('systems', HTMLElement).append(...tabs);
element('guides', HTMLElement).append(...guides.map(panelOf));
// Only what was picked is kept in the address: a link that is passed on is not to
// name the system of whoever passed it.
const choice = new Tabs(tabs, (tab) => offer(guides[tabs.indexOf(tab)]), ({ id }) => history.replaceState(null, '', `#${id}`));

/** The certificate, as the system takes it. @param {Guide} guide */
function offer({ file }) {
  const certificate = element('certificate', HTMLAnchorElement);
  certificate.hidden = !file;
  element('profile', HTMLElement).hidden = Boolean(file);
  if (!file) return;
  certificate.href = `/trust/${file}`;
  certificate.download = file;
}

/** The tab that the address names, or the visitor's own system. */
function chooseByAddress() {
  const named = tabs.find(({ id }) => `#${id}` === location.hash);
  const own = systemOf(navigator);
  choice.choose(named ?? tabs.find(({ id }) => id === own) ?? tabs[0]);
}

function render() {
  const reading = document.activeElement === status;
  root.dataset.state = asked.state;
  say(status, asked.state === 'ready' ? '' : translator.t(SENTENCES[asked.state]));
  if (asked.state !== 'ready') return;
  show(asked.authority);
  // What was read there is gone.
  if (reading) print.focus();
}

/** @param {Authority} authority */
function show({ name, fingerprint, until }) {
  print.replaceChildren(...groups(fingerprint).flatMap((group) => [group, document.createElement('wbr')]));
  say(element('until', HTMLElement), translator.date(until));
  tell('name', name);
  for (const [form, text] of Object.entries(ends(fingerprint))) tell(form, text);
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

element('retry', HTMLButtonElement).addEventListener('click', () => {
  // The button goes while the relay is asked; the focus is not to go with it.
  status.focus();
  void ask();
});
addEventListener('hashchange', chooseByAddress);
translator.onChange(render);
speak({ address: location.hostname, host: location.host });
chooseByAddress();
void ask();
