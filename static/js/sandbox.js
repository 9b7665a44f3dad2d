// Runs first in the page that other sites frame: in a sandbox without an origin of its
// own the page's modules are refused to it, as to a stranger.

if (origin === 'null') {
  // Not the network failed: boot.js would try again for ever.
  addEventListener('error', (event) => event.stopImmediatePropagation(), true);
  addEventListener('DOMContentLoaded', () => {
    const veil = document.createElement('div');
    veil.className = 'veil';
    // There are no strings: both languages.
    for (const text of ['This frame’s sandbox has to name allow-same-origin.', '此框架的 sandbox 属性必须包含 allow-same-origin。']) {
      const line = document.createElement('p');
      line.className = 'status';
      line.textContent = text;
      veil.append(line);
    }
    document.body.replaceChildren(veil);
  });
}
