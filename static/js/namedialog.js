// Asks for the viewer's name, which nobody has to give.

import { element, label } from './page.js';

/** @import { Identity } from './identity.js' */

/** Owns the dialog, and the button that opens it. */
export class NameDialog {
  #button = element('me', HTMLButtonElement);
  #dialog = element('me-dialog', HTMLDialogElement);
  #field = element('me-name', HTMLInputElement);

  /**
   * @param {Identity} identity
   * @param {() => void} changed  another name was given
   */
  constructor(identity, changed) {
    this.#button.addEventListener('click', () => {
      this.#field.value = identity.name;
      this.#dialog.showModal();
      this.#field.select();
    });
    element('me-form', HTMLFormElement).addEventListener('submit', () => {
      const before = identity.name;
      identity.name = this.#field.value;
      if (identity.name !== before) changed();
    });
    element('me-cancel', HTMLButtonElement).addEventListener('click', () => this.#dialog.close());
  }

  /** In another language. */
  render() {
    label(this.#button, 'me.open');
  }
}
