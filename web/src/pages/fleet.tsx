// The agents that have joined the server: which are free, which make load for which run.
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';

import { Badge } from '../components/badge';
import { DataTable, type Column } from '../components/data_table';
import { Notice } from '../components/notice';
import { Text } from '../components/text';
import { ago, count, instant, NOTHING } from '../format/format';
import { Link } from '../router';
import { useSite, wordsOf, type JoinedAgent } from '../source/source';
import { runAddress } from './run_address';

const REFRESH_MS = 3000;

export function FleetPage() {
  const { source } = useSite();
  const [agents, setAgents] = useState<JoinedAgent[] | null>(null);
  const [error, setError] = useState('');
  const refresh = useCallback(
    () =>
      source.agents().then(
        (list) => (setAgents(list), setError('')),
        (reason) => setError(wordsOf(reason)),
      ),
    [source],
  );
  useEffect(() => {
    document.title = 'Fleet · Squall';
    void refresh();
    const timer = setInterval(() => document.hidden || void refresh(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [refresh]);
  const columns = useMemo(() => columnsOf(), []);
  return (
    <section aria-labelledby="fleet-title">
      <h1 id="fleet-title">Fleet</h1>
      {error && (
        <Notice kind="error" title="The list is not up to date" live>
          {error}
        </Notice>
      )}
      {agents === null && !error && <p class="loading">Loading …</p>}
      {agents && (
        <DataTable
          name="fleet"
          caption="Agents that have joined"
          columns={columns}
          rows={agents}
          rowKey={(agent) => agent.id}
          filterText={textOf}
          empty="No agent has joined: start squalld with --join on the machines that make load."
        />
      )}
    </section>
  );
}

const textOf = (agent: JoinedAgent) => `${agent.name} ${agent.address} ${agent.run_id ?? 'free'}`;

// What an agent has not said yet is 0 or empty.
const orNothing = (value: number) => (value > 0 ? count(value) : NOTHING);

function columnsOf(): Column<JoinedAgent>[] {
  return [
    {
      key: 'name',
      title: 'Agent',
      fixed: true,
      sort: (agent) => agent.name,
      cell: (agent) => <Text value={agent.name || agent.id} length={80} />,
    },
    {
      key: 'run',
      title: 'Makes load for',
      sort: (agent) => agent.run_id,
      cell: ({ run_id }) =>
        run_id ? (
          <Link to={runAddress(run_id)}>
            <Text value={run_id} length={60} />
          </Link>
        ) : (
          <Badge sign="○" kind="quiet" word="free" />
        ),
    },
    {
      key: 'address',
      title: 'Address',
      sort: (agent) => agent.address,
      cell: (agent) => <Text value={agent.address || NOTHING} length={80} />,
    },
    {
      key: 'version',
      title: 'Version',
      sort: (agent) => agent.version,
      cell: (agent) => <Text value={agent.version || NOTHING} length={40} />,
    },
    {
      key: 'shards',
      title: 'Shards',
      numeric: true,
      hint: 'Threads that make load',
      sort: (agent) => agent.shards,
      cell: (agent) => orNothing(agent.shards),
    },
    {
      key: 'cpus',
      title: 'CPUs',
      numeric: true,
      sort: (agent) => agent.cpu_count,
      cell: (agent) => orNothing(agent.cpu_count),
    },
    {
      key: 'joined',
      title: 'Joined',
      sort: (agent) => agent.joined_at,
      cell: (agent) => ago(agent.joined_at, Date.now()),
      full: (agent) => instant(agent.joined_at),
    },
  ];
}
