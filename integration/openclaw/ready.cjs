// Waits until the gateway serves: node ready.cjs PORT SECONDS [MILLISECONDS]
//
// Asks http://127.0.0.1:PORT/readyz every MILLISECONDS (20) until it answers 200: exit status 0; 1 and the last answer on
// stdout after SECONDS. Nothing tells when another process begins to listen, so this one has to be asked for.
'use strict';
const http = require('node:http');
const [port, seconds, interval = 20] = process.argv.slice(2).map(Number);
const end = Date.now() + seconds * 1000;

function again(answer) {
  if (Date.now() < end) return setTimeout(ask, interval);
  console.log(answer);
  process.exit(1);
}

function ask() {
  const request = http.get({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (response) => {
    response.resume();
    if (response.statusCode === 200) process.exit(0);
    response.on('close', () => again(`status ${response.statusCode}`));
  });
  // One that accepts and says nothing is not ready; the response has an error of its own then, and closes.
  const timer = setTimeout(() => request.destroy(new Error('no answer in 5 s')), 5000);
  request.on('close', () => clearTimeout(timer));
  request.on('error', (error) => { if (!request.res) again(error.message); });
}
ask();
