// Runs before the page's own script, without which nothing on it works: if that
// or a style sheet does not arrive, since the network has just changed or the relay
// restarts, the page loads itself again as soon as the relay answers.

(() => {
  const PAUSE = 1000;
  let failed = false;

  /** @param {Event} event */
  function onError({ target }) {
    const needed = target instanceof HTMLScriptElement || target instanceof HTMLLinkElement && target.rel === 'stylesheet';
    if (!needed || failed) return;
    failed = true;
    addEventListener('DOMContentLoaded', say);
    if (document.body) say();
    setTimeout(again, PAUSE);
  }

  /** There are no strings yet: both languages. */
  function say() {
    const line = document.createElement('p');
    line.setAttribute('role', 'status');
    line.textContent = 'Loading failed. Trying again by itself… 加载失败，正在自动重试…';
    document.body.replaceChildren(line);
  }

  async function again() {
    const answered = await fetch(location.href, { cache: 'no-store' }).then(({ ok }) => ok, () => false);
    if (answered) location.reload();
    else setTimeout(again, PAUSE);
  }

  // Such errors do not bubble, but they can be caught on their way down.
  addEventListener('error', onError, true);
})();
