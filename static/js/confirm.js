// Asks whether something is really meant.

import { element, say, translator } from './page.js';

/**
 * @typedef {object} Question
 * @property {string} heading
 * @property {string[]} words
 * @property {string} yes                       what the button says
 * @property {() => void} act
 * @property {{yes: string, act: () => void}} [also]  another answer
 */

/** Owns the dialog. */
export class Confirm {
  #dialog = element('confirm', HTMLDialogElement);
  #heading = element('confirm-heading', HTMLElement);
  #words = element('confirm-words', HTMLElement);
  #yes = element('confirm-yes', HTMLButtonElement);
  #also = element('confirm-also', HTMLButtonElement);
  /** @type {Question|null} */ #question = null;

  constructor() {
    this.#dialog.addEventListener('close', () => this.#answered(this.#dialog.returnValue));
  }

  /** @param {Question} question */
  ask(question) {
    this.#question = question;
    say(this.#heading, question.heading);
    this.#words.replaceChildren(...question.words.map((text) => {
      const line = document.createElement('p');
      line.textContent = text;
      return line;
    }));
    say(this.#yes, question.yes);
    say(this.#also, question.also?.yes ?? '');
    this.#also.hidden = !question.also;
    say(element('confirm-no', HTMLElement), translator.t('people.cancel'));
    this.#dialog.returnValue = '';
    this.#dialog.showModal();
  }

  /** @param {string} answer */
  #answered(answer) {
    const question = this.#question;
    this.#question = null;
    if (answer === 'yes') question?.act();
    if (answer === 'also') question?.also?.act();
  }
}
