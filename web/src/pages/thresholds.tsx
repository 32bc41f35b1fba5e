// Thresholds and the verdict that comes of them.
import type { Threshold } from '../api';
import { Badge } from '../components/badge';
import { Text } from '../components/text';
import { isOver } from '../source/source';
import { useRun } from '../store/run_feed';
import { VerdictPanel } from './verdict';

export function ThresholdsPage() {
  const run = useRun((data) => data.run);
  if (!run) return null;
  return (
    <>
      <VerdictPanel run={run} />
      <section>
        <h2>Thresholds</h2>
        {run.thresholds.length === 0 ? (
          <p>
            The plan has no thresholds: the verdict rests on failed requests alone. Add some under{' '}
            <code>thresholds</code> in the plan.
          </p>
        ) : (
          <ThresholdTable thresholds={run.thresholds} over={isOver(run.state)} />
        )}
      </section>
    </>
  );
}

function ThresholdTable({ thresholds, over }: { thresholds: Threshold[]; over: boolean }) {
  return (
    <div class="table-scroll" role="region" aria-label="Table of thresholds" tabIndex={0}>
      <table>
        <thead>
          <tr>
            <th scope="col">Threshold</th>
            <th scope="col">{over ? 'Observed' : 'Observed so far'}</th>
            <th scope="col">{over ? 'Result' : 'Now'}</th>
          </tr>
        </thead>
        <tbody>
          {thresholds.map((threshold, index) => (
            <tr key={index}>
              <th scope="row">
                <Text value={threshold.text} />
                {threshold.abort_on_fail && <span class="hint"> ends the run when it fails</span>}
              </th>
              <td>
                <Text value={threshold.observed} />
              </td>
              <td>
                {threshold.passed ? (
                  <Badge sign="✔" kind="good" word={over ? 'Passed' : 'Holds'} />
                ) : (
                  <Badge sign="✖" kind="bad" word={over ? 'Failed' : 'Does not hold'} />
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
