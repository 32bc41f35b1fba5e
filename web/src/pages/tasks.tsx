// Task ratio: who does what how often, as the plan says and, where the run tells it, as it was.
import { useMemo } from 'preact/hooks';

import { Text } from '../components/text';
import { percent } from '../format/format';
import { usePart, useRun } from '../store/run_feed';
import { taskTree, type TaskNode } from './task_tree';

const NO_CLASSES: Record<string, number> = {};

export function TasksPage() {
  const shares = usePart('tasks');
  const stats = usePart('stats');
  const classes = useRun((data) => data.run?.classes ?? NO_CLASSES);
  const tree = useMemo(() => taskTree(shares ?? [], classes, stats), [shares, classes, stats]);
  if (shares === null) return <p class="loading">Loading …</p>;
  if (tree.length === 0) return <p>This run tells nothing about its tasks.</p>;
  return (
    <>
      <p class="hint">
        The long bar is the planned share of what stands above it; the thin one below it is what the
        run did: of its running users, or of its requests where a task has the name of one.
      </p>
      <TaskList nodes={tree} />
    </>
  );
}

function TaskList({ nodes }: { nodes: TaskNode[] }) {
  return (
    <ul class="task-tree">
      {nodes.map((node, index) => (
        <li key={index}>
          <TaskLine node={node} />
          {node.tasks.length > 0 && <TaskList nodes={node.tasks} />}
        </li>
      ))}
    </ul>
  );
}

function TaskLine({ node }: { node: TaskNode }) {
  return (
    <div class="task-line">
      <span class="task-name">
        <Text value={node.name} />
      </span>
      <span class="task-bars" aria-hidden="true">
        <span class="bar" style={{ width: `${node.ofParent * 100}%` }} />
        {node.actual !== null && (
          <span class="bar actual" style={{ width: `${node.actual * 100}%` }} />
        )}
      </span>
      <span class="task-figures">
        <strong>{percent(node.ofParent)}</strong>
        {Math.abs(node.ofAll - node.ofParent) > 1e-9 && (
          <span> · {percent(node.ofAll)} of all</span>
        )}
        {node.actual !== null && (
          <span>
            {' '}
            · {percent(node.actual)} of {node.of}
          </span>
        )}
      </span>
    </div>
  );
}
