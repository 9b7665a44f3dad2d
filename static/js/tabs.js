// Tabs: one of several panels, chosen by click, arrow keys or the address.

/**
 * Which tab a key leads to; null where it leads to none.
 * @param {string} key
 * @param {number} index  of the tab that has the focus
 * @param {number} count
 */
export function tabAfter(key, index, count) {
  switch (key) {
    case 'ArrowRight': case 'ArrowDown': return (index + 1) % count;
    case 'ArrowLeft': case 'ArrowUp': return (index + count - 1) % count;
    case 'Home': return 0;
    case 'End': return count - 1;
    default: return null;
  }
}

/** Owns which tab is chosen. Each tab names its panel in aria-controls. */
export class Tabs {
  #tabs;
  #chosen;

  /**
   * @param {HTMLElement[]} tabs
   * @param {(tab: HTMLElement) => void} chosen
   */
  constructor(tabs, chosen) {
    this.#tabs = tabs;
    this.#chosen = chosen;
    for (const tab of tabs) {
      tab.addEventListener('click', () => this.choose(tab));
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

  /** @param {KeyboardEvent} event @param {HTMLElement} tab */
  #pressed(event, tab) {
    const next = tabAfter(event.key, this.#tabs.indexOf(tab), this.#tabs.length);
    if (next === null) return;
    event.preventDefault();
    this.choose(this.#tabs[next]);
    this.#tabs[next].focus();
  }
}
