// The form that asks for a room's key.

import { element, say, translator } from './page.js';

/** Owns the form. */
export class KeyForm {
  #form = element('key-form', HTMLFormElement);
  #field = element('key', HTMLInputElement);
  #note = element('key-note', HTMLElement);
  #show = element('key-show', HTMLButtonElement);
  #send = element('key-send', HTMLButtonElement);
  /** The relay is being asked. */
  #asking = false;

  /** @param {(key: string) => void} entered */
  constructor(entered) {
    this.#show.addEventListener('click', () => this.#reveal(this.#field.type === 'password'));
    this.#form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit(entered);
    });
    translator.onChange(() => this.#reveal(this.#field.type === 'text'));
    this.#reveal(false);
  }

  /** Where it is to be seen, what it says; null hides it. @param {string|null} key  of the sentence */
  show(key) {
    const before = this.#form.hidden;
    this.#form.hidden = key === null && !this.#asking;
    this.#note.toggleAttribute('data-wrong', key !== null && key.startsWith('key.wrong'));
    if (key !== null) {
      if (this.#asking) this.#field.select();
      this.#asking = false;
      say(this.#note, translator.t(key));
      if (before) this.#field.focus();
    }
    this.#send.disabled = this.#asking;
  }

  /** The door is open, or it is not a key that keeps it shut. */
  done() {
    this.#asking = false;
    this.#form.hidden = true;
    this.#field.value = '';
    this.#reveal(false);
  }

  /** @param {(key: string) => void} entered */
  #submit(entered) {
    const key = this.#field.value.trim();
    if (!key) {
      say(this.#note, translator.t('key.empty'));
      return this.#field.focus();
    }
    this.#asking = true;
    say(this.#note, translator.t('key.asking'));
    entered(key);
  }

  /** @param {boolean} shown */
  #reveal(shown) {
    this.#field.type = shown ? 'text' : 'password';
    this.#show.setAttribute('aria-pressed', String(shown));
    say(this.#show, translator.t(shown ? 'key.hide' : 'key.show'));
  }
}
