// One viewer in the presenter's list.

import { conditionOf, percent } from './people.js';
import { say, translator } from './page.js';

/** @import { Person } from './manage.js' */
/** @import { Room } from './messages.js' */

/**
 * An element with a class.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {string} className
 * @param {Node[]} children
 */
export function make(tag, className, ...children) {
  const made = document.createElement(tag);
  made.className = className;
  made.append(...children);
  return made;
}

/** What a button shows of what it does. */
const DRAWINGS = {
  remove: 'M13 5H6.5a1 1 0 0 0-1 1v12a1 1 0 0 0 1 1H13M10.5 12H20m-3.5-3.5L20 12l-3.5 3.5',
  block: 'M12 3.8a8.2 8.2 0 1 0 0 16.4a8.2 8.2 0 1 0 0-16.4zM6.3 17.7 17.7 6.3',
};

/** @param {keyof typeof DRAWINGS} name */
function drawing(name) {
  const [svg, path] = ['svg', 'path'].map((tag) => document.createElementNS('http://www.w3.org/2000/svg', tag));
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', DRAWINGS[name]);
  svg.append(path);
  return svg;
}

/** Owns one row. */
export class PersonRow {
  #title = make('strong', 'title');
  #condition = make('span', 'condition');
  #facts = make('span', 'facts');
  #remove = this.#button('remove');
  #block = this.#button('block');
  /** What was shown last. @type {Person} */ #person;
  #name = '';
  /** Nothing can be done about whoever is gone: when that was noticed, in milliseconds of Date.now(); 0: not at all. */
  #gone = 0;

  /**
   * @param {Person} person
   * @param {{remove: (row: PersonRow) => void, block: (row: PersonRow) => void}} actions
   */
  constructor(person, actions) {
    this.#person = person;
    this.element = make('li', 'person', make('p', 'who', this.#title, this.#condition), this.#facts, this.#remove, this.#block);
    this.#remove.addEventListener('click', () => this.#gone || actions.remove(this));
    this.#block.addEventListener('click', () => this.#gone || actions.block(this));
  }

  get id() {
    return this.#person.id;
  }

  get name() {
    return this.#name;
  }

  /** All that is said of the viewer. */
  get said() {
    return [this.#name, this.#condition.textContent ?? '', this.#facts.textContent ?? ''];
  }

  /** For how many milliseconds the viewer has been gone; 0: it is here. */
  get goneFor() {
    return this.#gone && Date.now() - this.#gone;
  }

  /** @param {Person} person @param {string} name @param {Pick<Room, 'video'|'audio'>|null} room */
  show(person, name, room) {
    this.#person = person;
    this.#gone = 0;
    const { key, values, bad } = conditionOf(person, room);
    this.#draw(name, translator.t(key, values), bad > 0 ? 'bad' : 'good');
    say(this.#facts, this.#figures(person, key).join(' · '));
    this.#mute();
  }

  /** The viewer has left, and the row stays for a moment. */
  leave() {
    this.#gone ||= Date.now();
    this.#draw(this.#name, translator.t('people.gone'), 'gone');
    this.#mute();
  }

  /** @param {string} name @param {string} condition @param {string} kind */
  #draw(name, condition, kind) {
    this.#name = name;
    say(this.#title, name);
    say(this.#condition, condition);
    this.element.dataset.kind = kind;
    for (const [button, key] of /** @type {const} */ ([[this.#remove, 'people.remove-name'], [this.#block, 'people.block-name']])) {
      const text = translator.t(key, { name });
      if (button.title === text) continue;
      button.title = text;
      button.setAttribute('aria-label', text);
    }
  }

  /** @param {Person} person @param {string} key  what is said already */
  #figures({ browser, via, since, codec, bitrate, loss, connected }, key) {
    const facts = [browser ?? (via === 'whep' ? translator.t('people.player') : '')];
    if (connected && codec) facts.push(codec);
    if (connected && bitrate > 0) facts.push(translator.bitrate(bitrate));
    if (connected && loss > 0 && key !== 'people.lossy') facts.push(translator.t('people.loss', { percent: percent(loss) }));
    facts.push(translator.t('people.since', { time: translator.time(since) }));
    // A line ends between two facts, and not within one.
    return facts.filter(Boolean).map((fact) => fact.replaceAll(' ', '\u00a0'));
  }

  /** A disabled button would lose the focus. */
  #mute() {
    for (const button of [this.#remove, this.#block]) button.setAttribute('aria-disabled', String(this.#gone > 0));
  }

  /** @param {keyof typeof DRAWINGS} name */
  #button(name) {
    const button = make('button', `act ${name}`, drawing(name));
    button.type = 'button';
    return button;
  }
}
