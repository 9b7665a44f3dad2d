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
  /** What the large code shows; the small one is the same picture. */
  #drawn = '';

  /** @param {(text: string) => void} speak  to whoever cannot see the button change */
  constructor(speak) {
    this.#speak = speak;
    this.#copy.addEventListener('click', () => void copy(this.#link, (key) => this.#copied(key)));
    this.#code.addEventListener('click', () => this.#dialog.showModal());
    this.#dialog.addEventListener('click', ({ target }) => { if (!isKept(target)) this.#dialog.close(); });
    // A picture that does not come is no button.
    this.#images[0].addEventListener('error', () => { this.#code.hidden = true; });
  }

  /**
   * @param {string|null} link  null while it is not known
   * @param {string} [invite]   a token that opens the room
   * @param {boolean} [keyless] the room needs a key, and the link has none
   */
  show(link, invite = '', keyless = false) {
    this.#card.hidden = link === null;
    if (link === null) return;
    const { hostname } = new URL(link);
    const here = onlyHere(hostname);
    const notes = [here && translator.t('push.link-here', { host: hostname }), keyless && translator.t('push.link-keyless'), invite && translator.t('push.link-keyed')];
    say(this.#note, notes.filter(Boolean).join(' '));
    say(element('scan-note', HTMLElement), invite && translator.t('push.link-keyed'));
    // In the fragment, which browsers send to no server.
    const whole = invite ? `${link}#token=${invite}` : link;
    if (this.#link.value === whole) return;
    this.#link.value = whole;
    say(element('scan-link', HTMLElement), link);
    this.#code.hidden = here;
    if (!here) void this.#draw(whole);
  }

  /** A token is for no address that a server sees, so that what holds one is asked for in a body. @param {string} link */
  async #draw(link) {
    if (!link.includes('#')) return this.#picture(`/qr.svg?url=${encodeURIComponent(link)}`);
    const response = await fetch('/qr.svg', { method: 'POST', headers: { 'Content-Type': 'text/plain' }, body: link }).catch(() => null);
    const picture = response?.ok ? URL.createObjectURL(await response.blob()) : '';
    if (this.#link.value !== link) return URL.revokeObjectURL(picture);
    if (picture) this.#picture(picture);
    else this.#code.hidden = true;
  }

  /** @param {string} url */
  #picture(url) {
    URL.revokeObjectURL(this.#drawn);
    this.#drawn = url;
    for (const image of this.#images) image.src = url;
  }

  /** @param {string} key */
  #copied(key) {
    const text = translator.t(key, { keys: COPY_KEYS });
    say(this.#copy, text);
    this.#speak(key === 'push.copy' ? '' : text);
  }
}
