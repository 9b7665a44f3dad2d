// A worker: a clock that runs in the background too.
setInterval(() => postMessage(0), 125);
