// The card of who watches: the presenter's hand.

import { failureText } from './manage.js';
import { arranged, fits, limitOf, Numbers } from './people.js';
import { element, say, translator } from './page.js';
import { make, PersonRow } from './personrow.js';

/** @import { Confirm } from './confirm.js' */
/** @import { Manage, Named, People } from './manage.js' */
/** @import { Room } from './messages.js' */

/** With more, somebody has to be looked for. */
const FEW = 12;
/** Whoever left stays in a list that somebody points at, but not for ever: the mouse may just lie there. */
const STAYS = 30_000;

/** Owns the card: the list, the lock, the limit and the blocked. */
export class ViewersCard {
  #manage;
  #confirm;
  #speak;
  #ended;
  #numbers = new Numbers();
  /** @type {Map<string, PersonRow>} by id, in the list's order */ #rows = new Map();
  /** @type {Room|null} */ #room = null;
  /** What was shown last, and how. @type {People|null} */ #people = null;
  #shown = '';
  /** Somebody's mouse is in the list. */
  #pointed = false;
  #hand = element('hand', HTMLElement);
  #lock = element('lock', HTMLButtonElement);
  #limit = element('limit', HTMLInputElement);
  #note = element('hand-note', HTMLElement);
  #filter = element('filter', HTMLInputElement);
  #list = element('people', HTMLUListElement);
  #empty = element('nobody', HTMLElement);
  #blocked = element('blocked', HTMLDetailsElement);
  #blockedList = element('blocked-list', HTMLUListElement);

  /**
   * @param {Manage} manage
   * @param {Confirm} confirm
   * @param {(text: string) => void} speak  to whoever does not see what changed
   * @param {() => void} ended              the presentation is to end for everybody
   */
  constructor(manage, confirm, speak, ended) {
    this.#manage = manage;
    this.#confirm = confirm;
    this.#speak = speak;
    this.#ended = ended;
    this.#lock.addEventListener('click', () => void this.#tell(manage.lock(this.#lock.getAttribute('aria-checked') !== 'true')));
    this.#limit.addEventListener('change', () => this.#setLimit());
    this.#filter.addEventListener('input', () => this.#sift());
    element('end', HTMLButtonElement).addEventListener('click', () => this.#end());
    this.#list.addEventListener('pointerenter', ({ pointerType }) => { this.#pointed = pointerType === 'mouse'; });
    this.#list.addEventListener('pointerleave', () => {
      this.#pointed = false;
      this.render(this.#room);
    });
    this.#list.addEventListener('focusout', () => setTimeout(() => this.render(this.#room)));
  }

  /** @param {Room|null} room */
  render(room) {
    this.#room = room;
    const { people, reached } = this.#manage;
    this.#hand.hidden = !people;
    if (!people) return this.#clear();
    this.#lock.setAttribute('aria-checked', String(people.locked));
    element('lock-note', HTMLElement).hidden = !people.locked;
    // What is wrong stays, beside the sentence about it.
    if (document.activeElement !== this.#limit && !this.#wrong) this.#limit.value = String(people.maxViewers ?? '');
    this.#limit.placeholder = translator.t('people.unlimited');
    if (!reached) say(this.#note, translator.t('people.unreachable'));
    else if (this.#note.textContent === translator.t('people.unreachable')) say(this.#note, '');
    // The rest of the page changes far more often.
    const shown = [translator.language, room?.video, room?.audio, this.#steady].join();
    if (people === this.#people && shown === this.#shown) return;
    [this.#people, this.#shown] = [people, shown];
    this.#renderPeople(people);
    this.#renderBlocked(people.blocked);
  }

  #clear() {
    for (const { element: row } of this.#rows.values()) row.remove();
    this.#rows.clear();
    this.#people = null;
    this.#filter.value = '';
    this.#limit.removeAttribute('aria-invalid');
    say(this.#note, '');
  }

  /** No limit was understood. */
  get #wrong() {
    return this.#limit.getAttribute('aria-invalid') === 'true';
  }

  /** Somebody points at the list, or walks it with the keyboard. */
  get #steady() {
    return this.#pointed || this.#list.querySelector(':focus-visible') !== null;
  }

  /** @param {People} people */
  #renderPeople({ viewers }) {
    const before = [...this.#rows.keys()];
    const titles = this.#numbers.titles(viewers, (number) => translator.t('people.viewer', { number }));
    const byId = new Map(viewers.map((person) => [person.id, person]));
    const order = arranged(before, viewers, this.#room, this.#steady);
    /** @type {Map<string, PersonRow>} */ const rows = new Map();
    for (const id of order) {
      const person = byId.get(id);
      const row = this.#rows.get(id) ?? (person && new PersonRow(person, { remove: (r) => void this.#remove(r), block: (r) => this.#block(r) }));
      if (!row || (!person && row.goneFor > STAYS)) continue;
      if (person) row.show(person, titles.get(id) ?? '', this.#room);
      else row.leave();
      rows.set(id, row);
    }
    for (const [id, row] of this.#rows) if (!rows.has(id)) row.element.remove();
    this.#rows = rows;
    this.#place();
    this.#sift();
  }

  /** The rows into their order; those that stand right are not touched. */
  #place() {
    let next = this.#list.firstElementChild;
    for (const { element: row } of this.#rows.values()) {
      if (row === next) next = next.nextElementSibling;
      else this.#list.insertBefore(row, next);
    }
  }

  /** Shows whom the filter leaves. */
  #sift() {
    this.#filter.hidden = this.#rows.size <= FEW && this.#filter.value === '';
    const text = this.#filter.value;
    let shown = 0;
    for (const row of this.#rows.values()) {
      row.element.hidden = !fits(text, row.said);
      if (!row.element.hidden) shown++;
    }
    this.#list.hidden = shown === 0;
    say(this.#empty, shown > 0 ? '' : translator.t(this.#rows.size === 0 ? 'people.nobody' : 'people.nobody-found', { text }));
  }

  /** @param {Named[]} blocked */
  #renderBlocked(blocked) {
    this.#blocked.hidden = blocked.length === 0;
    say(element('blocked-count', HTMLElement), translator.t('people.blocked', { count: blocked.length }));
    const rows = /** @type {HTMLLIElement[]} */ ([...this.#blockedList.children]);
    for (const row of rows) if (!blocked.some(({ id }) => id === row.dataset.id)) row.remove();
    for (const one of blocked) {
      const row = rows.find(({ dataset }) => dataset.id === one.id) ?? this.#blockedRow(one);
      const name = one.name || translator.t('ask.somebody');
      const [title, when, button] = row.children;
      say(/** @type {HTMLElement} */ (title), name);
      say(/** @type {HTMLElement} */ (when), translator.t('people.blocked-since', { time: translator.time(one.since) }));
      say(/** @type {HTMLElement} */ (button), translator.t('people.unblock'));
      button.setAttribute('aria-label', translator.t('people.unblock-name', { name }));
    }
  }

  /** @param {Named} one */
  #blockedRow({ id, name }) {
    const button = make('button', 'quiet');
    button.type = 'button';
    button.addEventListener('click', async () => {
      // The row goes, and with it the place of whoever uses the keyboard.
      const next = button.closest('li')?.nextElementSibling?.querySelector('button');
      if (!(await this.#tell(this.#manage.unblock(id), 'people.unblocked-told', name || translator.t('ask.somebody')))) return;
      (next ?? this.#lock).focus();
    });
    const row = make('li', 'barred', make('strong', 'title'), make('span', 'facts'), button);
    row.dataset.id = id;
    this.#blockedList.append(row);
    return row;
  }

  /** @param {PersonRow} row */
  #remove(row) {
    return this.#tell(this.#manage.remove(row.id), 'people.removed-told', row.name);
  }

  /** @param {PersonRow} row */
  #block(row) {
    const { id, name } = row;
    const block = () => this.#tell(this.#manage.block(id), 'people.blocked-told', name);
    const words = [translator.t('people.block-what')];
    const lock = async () => { if (await block()) void this.#tell(this.#manage.lock(true)); };
    const locked = this.#manage.people?.locked;
    if (!locked) words.push(translator.t('people.block-lock'));
    this.#confirm.ask({
      heading: translator.t('people.block-heading', { name }), words, yes: translator.t('people.block'), act: () => void block(),
      also: locked ? undefined : { yes: translator.t('people.block-and-lock'), act: () => void lock() },
    });
  }

  #end() {
    this.#confirm.ask({
      heading: translator.t('people.end-heading'), words: [translator.t('people.end-what')], yes: translator.t('people.end'),
      act: async () => { if (await this.#tell(this.#manage.end())) this.#ended(); },
    });
  }

  #setLimit() {
    const limit = limitOf(this.#limit.value);
    this.#limit.setAttribute('aria-invalid', String(limit === undefined));
    if (limit === undefined) return say(this.#note, translator.t('people.limit-wrong'));
    void this.#tell(this.#manage.limit(limit));
  }

  /**
   * What became of an action; whether it was done.
   * @param {Promise<string|null>} acting  why it was not, as a code
   * @param {string} [key]                 what to speak
   * @param {string} [name]
   */
  async #tell(acting, key, name = '') {
    const code = await acting;
    say(this.#note, code === null ? '' : translator.t(failureText(code)));
    if (code === null && key) this.#speak(translator.t(key, { name }));
    return code === null;
  }
}
