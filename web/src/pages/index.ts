// Every page there is. Those of a run are tabs, in this order; those of the site are in the bar on
// top.
import type { ComponentType } from 'preact';

import type { Server } from '../api';
import { AgentsPage } from './agents';
import { ChartsPage } from './charts';
import { ComparePage } from './compare';
import { DownloadsPage } from './downloads';
import { ExceptionsPage } from './exceptions';
import { FailuresPage } from './failures';
import { FleetPage } from './fleet';
import { LogPage } from './log';
import { RunsPage } from './runs';
import { StagesPage } from './stages';
import { StartPage } from './start';
import { StatisticsPage } from './statistics';
import { TasksPage } from './tasks';
import { ThresholdsPage } from './thresholds';

export interface RunPageEntry {
  path: string; // /runs/ID/<path>
  title: string;
  View: ComponentType; // reads useFeed(), useRun(), usePart()
  live?: boolean; // true: not in a report
  screenOnly?: boolean; // true: not on paper
}

export interface SitePageEntry {
  path: string; // /<path>
  title: string;
  View: ComponentType; // reads useSite(), useRoute()
  inBar: (server: Server) => boolean;
}

export const RUN_PAGES: RunPageEntry[] = [
  { path: 'statistics', title: 'Statistics', View: StatisticsPage },
  { path: 'charts', title: 'Charts', View: ChartsPage },
  { path: 'failures', title: 'Failures', View: FailuresPage },
  { path: 'exceptions', title: 'Exceptions', View: ExceptionsPage },
  { path: 'agents', title: 'Agents', View: AgentsPage },
  { path: 'tasks', title: 'Task ratio', View: TasksPage },
  { path: 'log', title: 'Log', View: LogPage },
  { path: 'thresholds', title: 'Thresholds', View: ThresholdsPage },
  { path: 'stages', title: 'Stages', View: StagesPage, live: true, screenOnly: true },
  { path: 'downloads', title: 'Downloads', View: DownloadsPage, screenOnly: true },
];

export const SITE_PAGES: SitePageEntry[] = [
  { path: 'new', title: 'New run', View: StartPage, inBar: ({ can }) => can.start },
  { path: 'runs', title: 'Runs', View: RunsPage, inBar: () => true },
  { path: 'fleet', title: 'Fleet', View: FleetPage, inBar: ({ can }) => can.agents },
  { path: 'compare', title: 'Compare', View: ComparePage, inBar: () => true },
];
