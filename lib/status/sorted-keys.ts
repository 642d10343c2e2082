/** Items sorted in one go: about 1 ms. */
const RUN = 1024;

interface Keyed {
  readonly key: string;
}

/**
 * Items in the order of their keys, with `undefined` now and then where the caller may pause: sorting 100,000 items
 * at once would stall the event loop for a tenth of a second. Of items with the same key only one comes out: a live
 * iteration meets an item twice that was removed and added again meanwhile.
 */
export function* sortedByKey<T extends Keyed>(items: Iterable<T>): Generator<T | undefined> {
  const runs: T[][] = [];
  let run: T[] = [];
  for (const item of items) {
    run.push(item);
    if (run.length < RUN) continue;
    runs.push(run.sort(byKey));
    run = [];
    yield undefined;
  }
  runs.push(run.sort(byKey));

  while (runs.length > 1) {
    const [first, second] = runs.splice(0, 2) as [T[], T[]];
    const merged: T[] = [];
    runs.push(merged);
    for (const item of merge(first, second)) {
      merged.push(item);
      if (merged.length % RUN === 0) yield undefined;
    }
  }

  let last: T | undefined;
  for (const item of runs[0] ?? []) {
    if (item.key === last?.key) continue;
    yield item;
    last = item;
  }
}

function byKey(a: Keyed, b: Keyed): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

function* merge<T extends Keyed>(a: readonly T[], b: readonly T[]): Generator<T> {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const left = a[i];
    const right = b[j];
    if (left !== undefined && (right === undefined || left.key <= right.key)) {
      yield left;
      i += 1;
    } else if (right !== undefined) {
      yield right;
      j += 1;
    }
  }
}
