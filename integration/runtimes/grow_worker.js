// A worker that keeps whatever it makes, and nobody who listens for its end.
const { Worker } = require('node:worker_threads');
new Worker('const kept = []; for (;;) kept.push(new Array(100000).fill(kept.length));',
           { eval: true, resourceLimits: { maxOldGenerationSizeMb: 16 } });
