// The language of the page: chosen by the browser, or by the person.

import { strings } from './strings.js';

/** @typedef {keyof typeof strings} Language */
/** @typedef {Record<string, string|number>} Values */

const STORED = 'relay.language';

/**
 * The first of the preferred languages that there is.
 * @param {readonly string[]} preferred
 * @param {string|null} stored  what the person chose before
 * @returns {Language}
 */
export function choose(preferred, stored) {
  for (const tag of [stored ?? '', ...preferred]) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'en' || language === 'zh') return language;
  }
  return 'en';
}

/**
 * Replaces each {name} by its value.
 * @param {string} text
 * @param {Values} values
 */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ''));
}

/** Speaks one language. Owns the choice; whoever shows text is told when it changes. */
export class Translator {
  /** @type {Language} */ #language;
  #storage;
  /** @type {Map<string, Intl.DateTimeFormat>} by locale */ #times = new Map();
  /** @type {(() => void)[]} */ #listeners = [];

  /**
   * @param {readonly string[]} preferred
   * @param {Pick<Storage, 'getItem'|'setItem'>} storage
   */
  constructor(preferred, storage) {
    this.#storage = storage;
    this.#language = choose(preferred, storage.getItem(STORED));
  }

  get language() {
    return this.#language;
  }

  /** @param {() => void} listener */
  onChange(listener) {
    this.#listeners.push(listener);
  }

  /** The other language, remembered. */
  toggle() {
    this.#language = this.#language === 'en' ? 'zh' : 'en';
    this.#storage.setItem(STORED, this.#language);
    for (const listener of this.#listeners) listener();
  }

  /**
   * The sentence of a key. A code that this page does not know has a sentence too.
   * @param {string} key
   * @param {Values} [values]
   */
  t(key, values = {}) {
    const table = /** @type {Record<string, string>} */ (strings[this.#language]);
    return fill(table[key] ?? table[`${key.split('.')[0]}.unknown`] ?? key, values);
  }

  /**
   * One or many.
   * @param {string} key
   * @param {number} count
   * @param {Values} [values]
   */
  count(key, count, values = {}) {
    return this.t(`${key}.${count === 1 ? 'one' : 'many'}`, { ...values, count });
  }

  /** A clock time, like 10:42. @param {string} time  RFC 3339 */
  time(time) {
    // Making a format takes far longer than using it, and a list of viewers has hundreds of times.
    const format = this.#times.get(this.#locale) ?? new Intl.DateTimeFormat(this.#locale, { hour: '2-digit', minute: '2-digit' });
    this.#times.set(this.#locale, format);
    return format.format(new Date(time));
  }

  /** A day, like 20 November 2036. @param {string} time  RFC 3339 */
  date(time) {
    return new Date(time).toLocaleDateString(this.#locale, { dateStyle: 'long' });
  }

  /** @param {number} bitsPerSecond */
  bitrate(bitsPerSecond) {
    const mega = bitsPerSecond >= 1e6;
    const figure = (bitsPerSecond / (mega ? 1e6 : 1e3)).toLocaleString(this.#locale, { maximumFractionDigits: mega ? 1 : 0 });
    return `${figure} ${mega ? 'Mbit/s' : 'kbit/s'}`;
  }

  get #locale() {
    return this.#language === 'en' ? 'en-GB' : 'zh-CN';
  }
}
