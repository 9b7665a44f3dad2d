// Tabs in a row: one of several panels, chosen by click, arrow keys or the address.

/**
 * Which tab a key leads to; null where it leads to none. Up and down scroll the page.
 * @param {string} key
 * @param {number} index  of the tab that has the focus
 * @param {number} count
 */
export function tabAfter(key, index, count) {
  switch (key) {
    case 'ArrowRight': return (index + 1) % count;
    case 'ArrowLeft': return (index + count - 1) % count;
    case 'Home': return 0;
    case 'End': return count - 1;
    default: return null;
  }
}

/** Owns which tab is chosen. Each tab names its panel in aria-controls. */
export class Tabs {
  #tabs;
  #chosen;
  #picked;

  /**
   * @param {HTMLElement[]} tabs
   * @param {(tab: HTMLElement) => void} chosen  whoever did it
   * @param {(tab: HTMLElement) => void} picked  by the visitor
   */
  constructor(tabs, chosen, picked) {
    this.#tabs = tabs;
    this.#chosen = chosen;
    this.#picked = picked;
    for (const tab of tabs) {
      tab.addEventListener('click', () => this.#pick(tab));
      tab.addEventListener('keydown', (event) => this.#pressed(event, tab));
    }
  }

  /** @param {HTMLElement} chosen */
  choose(chosen) {
    for (const tab of this.#tabs) {
      tab.setAttribute('aria-selected', String(tab === chosen));
      // The tab key leaves the row; the arrows walk it.
      tab.tabIndex = tab === chosen ? 0 : -1;
      const panel = document.getElementById(tab.getAttribute('aria-controls') ?? '');
      if (panel) panel.hidden = tab !== chosen;
    }
    this.#chosen(chosen);
  }

  /** @param {HTMLElement} tab */
  #pick(tab) {
    this.choose(tab);
    this.#picked(tab);
  }

  /** @param {KeyboardEvent} event @param {HTMLElement} tab */
  #pressed(event, tab) {
    const next = tabAfter(event.key, this.#tabs.indexOf(tab), this.#tabs.length);
    if (next === null) return;
    event.preventDefault();
    this.#pick(this.#tabs[next]);
    this.#tabs[next].focus();
  }
}
