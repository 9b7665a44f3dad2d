// What all pages share: elements by id, texts, the language switch.

import { Translator } from './i18n.js';
import { storage } from './storage.js';

/** What lasts longer than the page. */
export const settings = storage('localStorage');

export const translator = new Translator(navigator.languages, settings);

/**
 * The element with this id.
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
export function element(id, type) {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`no ${type.name} with id ${id}`);
  return found;
}

/**
 * Shows a text where it changed: a screen reader reads only what is new.
 * @param {HTMLElement} target
 * @param {string} text
 */
export function say(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Attributes that name a text, and those that it fills. */
const FILLED = {
  'data-t-title': ['title', 'aria-label'], 'data-t-label': ['aria-label'], 'data-t-alt': ['alt'], 'data-t-placeholder': ['placeholder', 'aria-label'],
};

/**
 * Puts the fixed texts in place, now and whenever the language changes. `data-t`
 * names an element's text, `data-t-title` its title and accessible name,
 * `data-t-label` only the latter, `data-t-alt` what stands for a picture,
 * `data-t-placeholder` what a field is for.
 * What it returns places them again, after another value.
 * @param {import('./i18n.js').Values} values
 */
export function speak(values = {}) {
  const place = () => {
    document.documentElement.lang = translator.language === 'en' ? 'en' : 'zh-Hans';
    document.title = translator.t(document.body.dataset.title ?? '', values);
    for (const target of document.querySelectorAll('[data-t]')) {
      target.textContent = translator.t(target.getAttribute('data-t') ?? '', values);
    }
    for (const [named, attributes] of Object.entries(FILLED)) {
      for (const target of document.querySelectorAll(`[${named}]`)) fill(target, attributes, target.getAttribute(named) ?? '');
    }
  };
  // A page inside of another has no switch.
  document.getElementById('lang')?.addEventListener('click', () => translator.toggle());
  translator.onChange(place);
  place();
  return place;
}

/**
 * Calls the room by its title, where it has one.
 * @param {{room: string}} values  those that the texts were filled with
 * @param {() => void} place       fills them again
 * @param {string} title
 */
export function entitle(values, place, title) {
  if (!title || title === values.room) return;
  values.room = title;
  for (const target of document.querySelectorAll('[data-t="room.name"]')) target.setAttribute('data-t', 'room.title');
  place();
}

/**
 * Names a control that has no text.
 * @param {Element} target
 * @param {string} key
 */
export function label(target, key) {
  fill(target, FILLED['data-t-title'], key);
}

/** @param {Element} target @param {string[]} attributes @param {string} key */
function fill(target, attributes, key) {
  for (const attribute of attributes) target.setAttribute(attribute, translator.t(key));
}
