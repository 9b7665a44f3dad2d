// Hand-over on the presenter's page: asking for a room, and being asked for one.

import { failureText } from './manage.js';
import { element, say, translator } from './page.js';
import { make } from './personrow.js';

/** @import { Identity } from './identity.js' */
/** @import { Manage, Named } from './manage.js' */
/** @import { PresentState } from './presentstate.js' */
/** @import { Asking, TakeOver } from './takeover.js' */

/** How long the relay keeps a room for whom it was granted. */
const PROMISED = 60_000;
/** @type {Partial<Record<Asking, string>>} */
const SENTENCES = { asking: 'ask.waiting', declined: 'ask.declined', unanswered: 'ask.unanswered', late: 'ask.late' };

/** Asks whoever presents for the room. Owns its part of the page. */
export class AskCard {
  #takeOver;
  #card = element('ask', HTMLElement);
  #form = element('ask-form', HTMLFormElement);
  #name = element('ask-name', HTMLInputElement);
  #told = element('ask-told', HTMLElement);
  #cancel = element('ask-cancel', HTMLButtonElement);

  /** @param {TakeOver} takeOver @param {Identity} identity */
  constructor(takeOver, identity) {
    this.#takeOver = takeOver;
    this.#name.value = identity.name;
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      identity.name = this.#name.value;
      takeOver.ask(identity.name);
      this.#cancel.focus();
    });
    this.#cancel.addEventListener('click', () => {
      takeOver.cancel();
      this.#name.focus();
    });
  }

  /** @param {PresentState} state */
  render(state) {
    const { state: asking, reached } = this.#takeOver;
    const waited = document.activeElement === this.#cancel;
    this.#card.hidden = state !== 'held';
    this.#form.hidden = asking === 'asking' || asking === 'granted';
    this.#cancel.hidden = asking !== 'asking';
    // There is an answer: whoever waited with the keyboard may ask again.
    if (waited && this.#cancel.hidden) this.#name.focus();
    const key = reached ? SENTENCES[asking] : 'ask.unreachable';
    say(this.#told, key ? translator.t(key) : '');
  }
}

/** Tells who asks for the room. Owns its part of the page. */
export class AskedCard {
  #manage;
  #list = element('requests', HTMLElement);
  #granted = element('granted', HTMLElement);
  /** Who may take over now. */
  #heir = '';
  /** @type {ReturnType<typeof setTimeout>|undefined} until when */ #over;
  /** Questions, by id, of which the relay may not know yet that they are. @type {Set<string>} */ #answered = new Set();
  /** What is said of an answer that was not taken, as a key. */
  #told = '';

  /** @param {Manage} manage */
  constructor(manage) {
    this.#manage = manage;
  }

  /** @param {boolean} presenting */
  render(presenting) {
    const asked = (presenting && this.#manage.people?.requests) || [];
    const requests = asked.filter(({ id }) => !this.#answered.has(id));
    const rows = /** @type {HTMLElement[]} */ ([...this.#list.children]);
    for (const row of rows) if (!requests.some(({ id }) => id === row.dataset.id)) row.remove();
    for (const request of requests) this.#fill(rows.find(({ dataset }) => dataset.id === request.id) ?? this.#row(request), request);
    if (!presenting) this.#heir = '';
    if (!presenting || requests.length > 0) this.#told = '';
    this.#say();
  }

  /** @param {HTMLElement} row @param {Named} request */
  #fill(row, request) {
    const name = request.name || translator.t('ask.somebody');
    const [words, yes, no] = /** @type {HTMLElement[]} */ ([...row.children]);
    say(words, translator.t('ask.asks', { name }));
    say(yes, translator.t('ask.hand-over'));
    yes.setAttribute('aria-label', translator.t('ask.hand-over-to', { name }));
    say(no, translator.t('ask.decline'));
    no.setAttribute('aria-label', translator.t('ask.decline-to', { name }));
  }

  /** @param {Named} request */
  #row({ id, name }) {
    const [yes, no] = [make('button', 'primary'), make('button', '')];
    yes.type = no.type = 'button';
    yes.addEventListener('click', () => void this.#answer(id, true, name || translator.t('ask.somebody')));
    no.addEventListener('click', () => void this.#answer(id, false, ''));
    const row = make('div', 'request', make('p', 'words'), yes, no);
    row.dataset.id = id;
    this.#list.append(row);
    return row;
  }

  /** @param {string} heir  empty for nobody */
  #promise(heir) {
    clearTimeout(this.#over);
    this.#heir = heir;
    this.#over = setTimeout(() => this.#promise(''), PROMISED);
    this.#say();
  }

  #say() {
    const heir = this.#heir && translator.t('ask.granted', { name: this.#heir });
    say(this.#granted, this.#told ? translator.t(this.#told) : heir);
  }

  /** @param {string} id @param {boolean} grant @param {string} heir */
  async #answer(id, grant, heir) {
    this.#answered.add(id);
    // The row goes, and with it the place of whoever uses the keyboard. An empty list is not there to be gone to.
    this.#list.focus();
    this.#list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.remove();
    const code = await this.#manage.answer(id, grant);
    // The question comes again.
    if (code !== null) this.#answered.delete(id);
    this.#told = code === null ? '' : failureText(code);
    // To decline one takes nothing from another.
    if (grant && code === null) this.#promise(heir);
    else this.#say();
  }
}
