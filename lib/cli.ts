#!/usr/bin/env node
// No import that an older Node may lack: it would end with a SyntaxError before it could say what it needs.
const OLDEST_NODE = 24;

// A reader that has seen enough (`turnout check | head`) is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}
if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
  process.stderr.write(`turnout needs Node ${OLDEST_NODE} or newer, and this is ${process.version}\n`);
  process.exitCode = 1;
} else {
  const { main } = await import('./program.ts');
  const exitStatus = await main(process.argv.slice(2));
  // A router that has run knows its own exit status.
  if (exitStatus !== 0) process.exitCode = exitStatus;
}

export {};
