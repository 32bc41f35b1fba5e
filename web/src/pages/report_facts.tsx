// What a report says about itself under its title: what was run, when, how, and who wrote it.
import type { Run } from '../api';
import { Text } from '../components/text';
import { count, duration, instant, NOTHING, rate } from '../format/format';
import { useRun } from '../store/run_feed';

export function ReportFacts() {
  const run = useRun((data) => data.run);
  if (!run) return null;
  return (
    <dl class="facts" aria-label="About this run">
      {factsOf(run).map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <Text value={value} length={200} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function factsOf(run: Run): [name: string, value: string][] {
  const { options } = run;
  const kept = [
    options.warm_up_seconds > 0 && `${duration(options.warm_up_seconds)} warm-up`,
    options.cool_down_seconds > 0 && `${duration(options.cool_down_seconds)} cool-down`,
  ].filter(Boolean);
  const facts: [string, string][] = [
    ['Target', run.host],
    ['Started', `${instant(run.started_at)} (${zone()})`],
    ['Ended', instant(run.ended_at)],
    ['Load', options.profile],
    [options.open_model ? 'Users at most' : 'Users', count(options.users)],
    ['Spawn rate', options.spawn_rate === null ? NOTHING : `${rate(options.spawn_rate)} users/s`],
    [
      'Measured',
      `${duration(run.measured_seconds)}${kept.length > 0 ? ` without ${kept.join(' and ')}` : ''}`,
    ],
    ['Seed', run.seed],
    ['Run', run.id],
    ['Squall', run.squall_version],
  ];
  return facts.filter(([, value]) => value !== '' && value !== NOTHING);
}

const zone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
