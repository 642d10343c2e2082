/** More values than a label has in any platform; those that come from outside could be any number. */
const MOST = 256;
const ALL_OTHERS = '(other)';

/** What is kept under a label, made at its first use. Labels beyond the first 256 share one. */
export function labelled<V>(map: Map<string, V>, label: string, make: () => V): V {
  return map.get(label) ?? added(map, label, make);
}

function added<V>(map: Map<string, V>, label: string, make: () => V): V {
  const name = map.size < MOST ? label : ALL_OTHERS;
  const known = map.get(name);
  if (known !== undefined) return known;
  const value = make();
  map.set(name, value);
  return value;
}
