import { RedisStore } from '../../lib/store/redis-store.ts';
import { SqliteStore } from '../../lib/store/sqlite.ts';
import { recordingLogger } from './recording-logger.ts';
import { storedRoute } from './stored-routes.ts';

/**
 * A process that writes until it is killed: `node store-writer.ts sqlite|redis|cluster <path or url>`. Every batch puts
 * the same entries with the number of its round in them, and one more that only odd rounds have. It prints each
 * round once that is acknowledged.
 */
const ENTRIES = 200;

export function roundBatch(round: number) {
  const tags = { round: String(round) };
  const put = Array.from({ length: ENTRIES }, (_, i) => storedRoute(`app-${i}.example.com`, { tags }));
  const isOdd = round % 2 === 1;
  if (isOdd) put.push(storedRoute('odd.example.com', { tags }));
  const remove = isOdd ? [] : [{ key: 'odd.example.com', address: '10.0.0.1:8080' }];
  return { put, remove, savedAtMs: Date.now() };
}

async function writeForever(kind: string, where: string): Promise<never> {
  const store =
    kind === 'sqlite'
      ? new SqliteStore({ path: where, log: recordingLogger() })
      : new RedisStore(
          { url: where, keyPrefix: 'test:', routerId: 'router', cluster: kind === 'cluster' },
          { maxAgeMs: 60_000, now: Date.now },
        );
  await store.open();
  for (let round = 1; ; round += 1) {
    await store.write(roundBatch(round));
    process.stdout.write(`${round}\n`);
  }
}

if (process.argv[1] === import.meta.filename)
  await writeForever(process.argv[2] ?? '', process.argv[3] ?? '');
