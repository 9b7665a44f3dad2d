// The card with the viewers' link: to copy, and to scan from a projector.

import { copy, COPY_KEYS } from './copy.js';
import { element, say, translator } from './page.js';
import { onlyHere } from './room.js';

/** Whether a click in the dialog is for what it met: the address is there to be copied, too. @param {EventTarget|null} target */
function isKept(target) {
  return target instanceof Element && target.closest('#scan-link, button') !== null;
}

/** Owns the card, and the dialog with the large code. */
export class LinkCard {
  #card = element('link-card', HTMLElement);
  #link = element('link', HTMLInputElement);
  #note = element('link-note', HTMLElement);
  #copy = element('copy', HTMLButtonElement);
  #code = element('qr', HTMLButtonElement);
  #dialog = element('scan', HTMLDialogElement);
  #images = [element('qr-small', HTMLImageElement), element('qr-large', HTMLImageElement)];
  #speak;

  /** @param {(text: string) => void} speak  to whoever cannot see the button change */
  constructor(speak) {
    this.#speak = speak;
    this.#copy.addEventListener('click', () => void copy(this.#link, (key) => this.#copied(key)));
    this.#code.addEventListener('click', () => this.#dialog.showModal());
    this.#dialog.addEventListener('click', ({ target }) => { if (!isKept(target)) this.#dialog.close(); });
    // A picture that does not come is no button.
    this.#images[0].addEventListener('error', () => { this.#code.hidden = true; });
  }

  /** @param {string|null} link  null while it is not known */
  show(link) {
    this.#card.hidden = link === null;
    if (link === null) return;
    const { hostname } = new URL(link);
    const here = onlyHere(hostname);
    say(this.#note, here ? translator.t('push.link-here', { host: hostname }) : '');
    if (this.#link.value === link) return;
    this.#link.value = link;
    say(element('scan-link', HTMLElement), link);
    this.#code.hidden = here;
    if (!here) for (const image of this.#images) image.src = `/qr.svg?url=${encodeURIComponent(link)}`;
  }

  /** @param {string} key */
  #copied(key) {
    const text = translator.t(key, { keys: COPY_KEYS });
    say(this.#copy, text);
    this.#speak(key === 'push.copy' ? '' : text);
  }
}
