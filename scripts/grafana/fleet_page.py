"""Agents and coordinators as processes: are they there, busy, or short of something?"""
from panels import Layout, dashboard, graph, number, table, values_of, window

HERE = 'namespace=~"$namespace", instance=~"$agent"'
# Process figures have the same names in every program; build_info tells ours from others.
OURS = "and on (job, instance) squall_build_info"


def rate(metric, by="instance", more=""):
    return f"sum by ({by}) (rate({metric}{{{HERE}{more}}}[$window]))"


def increase(metric, by, more=""):
    return f"sum by ({by}) (increase({metric}{{{HERE}{more}}}[$window]))"


def process(metric):
    return f"process_{metric}{{{HERE}}} {OURS}"


def build():
    layout = Layout()
    figures(layout)
    coordinators(layout)
    agents(layout)
    processes(layout)
    variables = [values_of("namespace", "namespace", "squall_build_info", "Namespace"),
                 values_of("agent", "instance", 'squall_build_info{namespace=~"$namespace"}',
                           "Agent or coordinator"), window("1m")]
    return dashboard("squall-fleet", "Squall / Fleet",
                     "Agents and coordinators: health, resources, and what they lost.", layout,
                     variables)


def figures(layout):
    agents_of = f"squall_coordinator_agents{{{HERE}, state=\"%s\"}}"
    layout.add(
        number("Agents busy", "Agents that are in a run of a coordinator.", "short",
               f"sum({agents_of % 'busy'})"),
        number("Agents idle", "Joined, and without a run.", "short", f"sum({agents_of % 'idle'})"),
        number("Agents lost", "Missing from a run that goes on; others have their users.", "short",
               f"sum({agents_of % 'lost'})", 1),
        number("Runs", "Runs that go on.", "short", f"sum(squall_coordinator_runs{{{HERE}}})"),
        number("Programs", "Programs of Squall that were scraped.", "short",
               f"count(squall_build_info{{{HERE}}})"),
        number("Pages that do not answer", "Of programs that were there within the hour: what a "
               "configuration names need not run.", "short",
               'count(up{job=~".*squall.*"} == 0 and '
               'max_over_time(up{job=~".*squall.*"}[1h]) == 1) or vector(0)', 1))


def coordinators(layout):
    layout.row("Coordinators")
    layout.add(
        graph("Agents", "Agents that joined, by what they do. A lost one is missing from a run.",
              "short", (f"sum by (state) (squall_coordinator_agents{{{HERE}}})", "{{state}}"),
              stack=True),
        graph("Snapshot age", "How long agents of runs have been silent. Some seconds: the network "
              "or the agent is in trouble; then it counts as lost.", "s",
              (f"max by (agent) (squall_coordinator_snapshot_age_seconds{{{HERE}}})", "{{agent}}"),
              limit=10),
        graph("Runs", "Runs that go on. prepared: they also may wait for agents.", "short",
              (f"sum by (state) (squall_coordinator_runs{{{HERE}}})", "{{state}}"), stack=True),
        graph("Runs begun and ended", "failed: came to no result. invalid: the generator was not "
              "up to it.", "short",
              (increase("squall_coordinator_runs_started_total", "instance"), "begun"),
              (increase("squall_coordinator_runs_finished_total", "verdict"), "{{verdict}}")),
        graph("Users of runs", "Of all agents of a run: running, and asked for.", "short",
              (f"sum by (test, run_id) (squall_coordinator_run_users{{{HERE}}})",
               "{{test}} {{run_id}} running"),
              (f"sum by (test, run_id) (squall_coordinator_run_target_users{{{HERE}}})",
               "{{test}} {{run_id}} asked for")),
        graph("Web page", "Replies by status. 401: someone has no credential, or a wrong one; 403: "
              "a foreign page or name; 429: someone guesses.", "reqps",
              (rate("squall_coordinator_http_requests_total", "code"), "{{code}}")),
        graph("Watching pages", "Event streams that are open now.", "short",
              (f"sum by (instance) (squall_coordinator_event_streams{{{HERE}}})", "{{instance}}")),
        graph("History", "Size of the store; it keeps past runs.", "bytes",
              (f"sum by (instance) (squall_coordinator_store_bytes{{{HERE}}})", "{{instance}}")),
        graph("Writes of the history", "Transactions of the store.", "ops",
              (rate("squall_coordinator_store_writes_total"), "{{instance}}")),
        table("Runs that go on", "Time since the start of each.",
              ("elapsed", "s", f"max by (test, run_id) "
               f"(squall_coordinator_run_elapsed_seconds{{{HERE}}})"), width=12),
        table("Versions", "Programs by version: agents and coordinator should agree.",
              ("programs", "short", f"count by (version, job) (squall_build_info{{{HERE}}})"),
              width=12))


def agents(layout):
    layout.row("Agents")
    loops = f"(squall_event_loops{{{HERE}}} > 0)"
    layout.add(
        graph("Event loops at work", "100 % is every loop all the time. Above 90 % the agent is "
              "the bottleneck.", "percentunit",
              (f"rate(squall_event_loop_cpu_seconds_total{{{HERE}}}[$window]) / {loops}",
               "{{instance}}"), limit=0.9),
        graph("Event loops waiting for a CPU", "Ready to run while others had the CPU: something "
              "else runs on that machine, or its CPU limit is too low.", "percentunit",
              (f"rate(squall_event_loop_wait_seconds_total{{{HERE}}}[$window]) / {loops}",
               "{{instance}}")),
        graph("Event loop lag, p99", "How late timers run. Above 100 ms runs become INVALID.", "s",
              (f"histogram_quantile(0.99, "
               f"{rate('squall_event_loop_lag_seconds_bucket', 'instance, le')})", "{{instance}}"),
              limit=0.1),
        graph("Users", "Of each agent.", "short",
              (f"sum by (instance) (squall_users{{{HERE}}})", "{{instance}}"), stack=True),
        graph("Requests per second", "Of each agent; shares should be alike.", "reqps",
              (rate("squall_requests_total"), "{{instance}}"), stack=True),
        graph("State of the run", "Agents by state.", "short",
              (f"sum by (state) (squall_run_state{{{HERE}}})", "{{state}}"), stack=True),
        graph("Refused calls", "stale_epoch: a coordinator that was replaced; busy: a second run; "
              "unauthenticated and tls_handshake: a wrong token or certificate, or a stranger.",
              "short", (increase("squall_agent_refused_calls_total", "reason"), "{{reason}}")),
        graph("Exhausted", "The agent ran out of descriptors (ulimit -n), ports or memory. "
              "Requests fail because of the generator.", "short",
              (increase("squall_exhausted_total", "instance, resource"),
               "{{instance}} {{resource}}"), limit=1),
        graph("Spans lost", "Spans that a full queue dropped, or that failed at the collector.",
              "short", (increase("squall_trace_spans_total", "instance, result",
                                 ', result=~"dropped|failed"'), "{{instance}} {{result}}")),
        graph("Reports to outputs", "failed: the receiver was not there or refused it.", "short",
              (increase("squall_output_reports_total", "output, result"),
               "{{output}} {{result}}")))


def processes(layout):
    layout.row("Processes")
    layout.add(
        graph("CPU", "Cores in use.", "short",
              (f"rate(process_cpu_seconds_total{{{HERE}}}[$window]) {OURS}",
               "{{job}} {{instance}}")),
        graph("Resident memory", "Should level off at a steady number of users.", "bytes",
              (process("resident_memory_bytes"), "{{job}} {{instance}}")),
        graph("Descriptors in use", "Of the limit. Each connection needs one: raise ulimit -n "
              "before it comes near 100 %.", "percentunit",
              (f"process_open_fds{{{HERE}}} / process_max_fds{{{HERE}}} {OURS}",
               "{{job}} {{instance}}"), limit=0.9),
        table("Up since", "A program that is younger than its run was restarted.",
              ("up", "s", f"time() - max by (job, instance) ({process('start_time_seconds')})"),
              ("descriptors", "short", f"max by (job, instance) ({process('open_fds')})")))
