/**
 * For clean-up registered beside creation: call it in a `describe`, and give the function it returns whatever must be
 * closed after each test of that block. Closed in reverse order, each waited for.
 */
export function closingAfterEach(): (close: () => unknown) => void {
  const closes: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closes.splice(0).reverse()) await close();
  });
  return (close) => {
    closes.push(close);
  };
}

/** The same for what all tests of a block share, and `before` makes: closed after the last of them. */
export function closingAfterAll(): (close: () => unknown) => void {
  const closes: (() => unknown)[] = [];
  after(async () => {
    for (const close of closes.splice(0).reverse()) await close();
  });
  return (close) => {
    closes.push(close);
  };
}
