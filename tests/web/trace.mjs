// How long the main thread of a page works at a stretch, out of chromium's own trace.
const CATEGORIES = ['disabled-by-default-devtools.timeline'];

// Milliseconds of CPU of every task that the page's main thread ran while `body` did. CPU time: a
// machine that is busy elsewhere does not lengthen a task.
export async function tasksDuring(page, body) {
  const session = await page.context().browser().newBrowserCDPSession();
  const events = [];
  session.on('Tracing.dataCollected', ({ value }) => {
    events.push(...value.filter((event) => event.name === 'thread_name' || isTask(event)));
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: CATEGORIES, excludedCategories: ['*'] },
  });
  await body();
  const complete = new Promise((resolve) => session.once('Tracing.tracingComplete', resolve));
  await session.send('Tracing.end');
  await complete;
  await session.detach();
  return busiestMainThread(events);
}

const isTask = (event) => event.ph === 'X' && event.name === 'RunTask';

// Chromium keeps a spare renderer; ours is the one that has worked.
function busiestMainThread(events) {
  const threads = new Map();
  for (const { name, args, pid, tid } of events) {
    if (name === 'thread_name' && args.name === 'CrRendererMain') threads.set(`${pid}/${tid}`, []);
  }
  for (const event of events.filter(isTask)) {
    threads.get(`${event.pid}/${event.tid}`)?.push((event.tdur ?? event.dur) / 1000);
  }
  const sum = (list) => list.reduce((total, value) => total + value, 0);
  return [...threads.values()].sort((a, b) => sum(b) - sum(a))[0] ?? [];
}
