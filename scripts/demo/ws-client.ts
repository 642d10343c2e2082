import { parseArgs } from 'node:util';
import { WebSocket } from 'ws';

// Says something to a WebSocket server and prints what comes back:
//   node scripts/demo/ws-client.ts [--host NAME] URL [TEXT]

const { values, positionals } = parseArgs({
  options: { host: { type: 'string' } },
  allowPositionals: true,
});
const [url = 'ws://127.0.0.1:8081/', text = 'hello'] = positionals;

const socket = new WebSocket(url, {
  handshakeTimeout: 5_000,
  ...(values.host === undefined ? {} : { headers: { Host: values.host } }),
});
socket.on('open', () => {
  console.log(`> ${text}`);
  socket.send(text);
});
socket.on('message', (data) => {
  const answer = data.toString();
  console.log(`< ${answer}`);
  if (answer === text) socket.close(1000);
});
socket.on('error', (error) => {
  console.error(`${url}: ${error.message}`);
  process.exitCode = 1;
});
