import { profileRow } from '../profile/profile-row.ts';
import type { CostRow } from '../request-cost/cost-row.ts';
import { costRows } from '../request-cost/cost-rows.ts';
import { runCostRow } from '../request-cost/run-cost-row.ts';
import type { Scenario } from '../scenario.ts';

/** CPU time per request, beside nginx in the same run; a scenario for each row, so that one can be run alone. */
export const requestCosts: readonly Scenario[] = costRows(false).map(
  ({ name, about, needs }): Scenario => ({
    name: `request-cost-${name}`,
    about: `CPU time: ${about}`,
    needs: ['nats-server', 'wrk', 'taskset', ...(needs ?? [])],
    run: (stage) => runCostRow(rowCalled(name, stage.quick), stage),
  }),
);

/** The same rows, to see where the router's time goes; not among the figures. */
export const requestProfiles: readonly Scenario[] = costRows(false).map(
  ({ name, about, needs }): Scenario => ({
    name: `profile-${name}`,
    about: `profile of a worker: ${about}`,
    needs: ['nats-server', 'wrk', 'taskset', ...(needs ?? [])],
    run: (stage) => profileRow(rowCalled(name, stage.quick), stage),
  }),
);

function rowCalled(name: string, quick: boolean): CostRow {
  const row = costRows(quick).find((one) => one.name === name);
  if (row === undefined) throw new Error(`no row is called ${name}`);
  return row;
}
