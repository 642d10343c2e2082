import Mocha from 'mocha';

/**
 * Mocha's own `spec` report, closed by one plain line of counts. Mocha's `N passing` is not read by
 * every tool that watches a run; `N passed, N failed` is.
 */
export default class CountingReporter extends Mocha.reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    let pending = 0;
    runner.on('pending', () => {
      pending += 1;
    });
    runner.once('end', () => {
      const { passes = 0, failures = 0 } = this.stats;
      // On exit, so that nothing that ends late can print after it.
      process.once('exit', () => {
        const skipped = pending > 0 ? `, ${pending} skipped` : '';
        process.stdout.write(`${passes} passed, ${failures} failed${skipped}\n`);
      });
    });
  }
}
