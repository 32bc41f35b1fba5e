"""squall-operator: does it lead, keep up, and get on with the API server; and its LoadTests."""
from panels import Layout, annotation, dashboard, graph, number, table, values_of, window

HERE = 'namespace=~"$namespace", instance=~"$instance"'
# Behind a ServiceMonitor the LoadTest's own namespace is exported_namespace, and namespace the
# operator's; so LoadTests are chosen by name.
OF_TEST = 'instance=~"$instance", name=~"$loadtest"'
TEST = "exported_namespace, namespace, name"
# Only the replica that leads tells of LoadTests. At a change of leaders the last figures of two are
# there until the next scrape: so the larger one counts, not the sum.
ONE_OF_REPLICAS = "job, namespace"


def rate(metric, by, labels=HERE):
    return f"sum by ({by}) (rate({metric}{{{labels}}}[$window]))"


def percentile(which, metric, by):
    return f"histogram_quantile({which}, {rate(metric + '_bucket', f'{by}, le')})"


def process(metric):
    return f"process_{metric}{{{HERE}}} and on (job, instance) leader_election_master_status"


def build():
    layout = Layout()
    figures(layout)
    loadtests(layout)
    reconciles(layout)
    api_server(layout)
    processes(layout)
    variables = [
        values_of("namespace", "namespace", "controller_runtime_max_concurrent_reconciles",
                  "Operator's namespace"),
        values_of("instance", "instance",
                  'controller_runtime_max_concurrent_reconciles{namespace=~"$namespace"}',
                  "Replica"),
        values_of("loadtest", "name", 'loadtest_agents{instance=~"$instance"}', "LoadTest"),
        window("5m")]
    annotations = [annotation("Leader", "blue",
                              f"max by (instance) (leader_election_master_status{{{HERE}}}) == 1",
                              "{{instance}} leads")]
    return dashboard("squall-operator", "Squall / Operator",
                     "The Kubernetes operator and the LoadTests that it runs.", layout, variables,
                     annotations, span="now-1h")


def figures(layout):
    layout.add(
        number("Leaders", "Exactly one replica leads; with none, running tests go on but nobody "
               "sees to them.", "short", f"sum(leader_election_master_status{{{HERE}}})"),
        number("LoadTests running", "LoadTests in phase Running.", "short",
               f'sum(max by ({ONE_OF_REPLICAS}) (loadtest_runs{{{HERE}, phase="Running"}}))'),
        number("Agents lost", "Agents that LoadTests miss.", "short",
               f'sum(max by ({TEST}) (loadtest_agents{{{OF_TEST}, state="lost"}}))', 1),
        number("Waiting", "LoadTests that wait for a worker; it should be 0 most of the time.",
               "short", f"sum(workqueue_depth{{{HERE}}})"),
        number("Errors", "Passes that failed, per second.", "ops",
               f"sum(rate(controller_runtime_reconcile_errors_total{{{HERE}}}[$window]))", 0.1),
        number("API p99", "Requests to the API server, watches left out.", "s",
               f"histogram_quantile(0.99, "
               f"{rate('rest_client_request_duration_seconds_bucket', 'le')})", 1))


def loadtests(layout):
    layout.row("LoadTests")
    layout.add(
        graph("By phase", "Preparing for long: pods do not start; see kubectl describe.", "short",
              (f"sum by (phase) (max by ({ONE_OF_REPLICAS}, phase) (loadtest_runs{{{HERE}}}))",
               "{{phase}}"), stack=True),
        graph("Agents", "desired against ready and running; lost ones are replaced or their users "
              "spread, as lossPolicy says.", "short",
              (f"max by ({TEST}, state) (loadtest_agents{{{OF_TEST}}})", "{{name}} {{state}}")),
        graph("Users", "Current users should follow the target.", "short",
              (f"max by ({TEST}, kind) (loadtest_users{{{OF_TEST}}})", "{{name}} {{kind}}")),
        graph("Start skew", "Between the first agent that started and the last.", "s",
              (f"max by ({TEST}) (loadtest_start_skew_seconds{{{OF_TEST}}})", "{{name}}")),
        table("Thresholds", "1: holds, 0: does not.",
              ("holds", "none", f"min by ({TEST}, threshold) "
               f"(loadtest_threshold_passed{{{OF_TEST}}})"), width=8),
        graph("Kubernetes Events", "dropped: too many at once; failed: the API server did not take "
              "them.", "ops", (rate("loadtest_events_total", "result"), "{{result}}")))


def reconciles(layout):
    layout.row("Reconciling")
    layout.add(
        graph("Passes", "By result. error: see the log; requeue: a conflict, tried again.", "ops",
              (rate("controller_runtime_reconcile_total", "controller, result"), "{{result}}"),
              stack=True),
        graph("Passes that went wrong", "Errors, errors that are not tried again, exceptions, and "
              "passes above a minute.", "ops",
              *((rate(f"controller_runtime_{metric}_total", "controller"), legend)
                for metric, legend in (
                    ("reconcile_errors", "errors"),
                    ("terminal_reconcile_errors", "not tried again"),
                    ("reconcile_panics", "exceptions"), ("reconcile_timeouts", "timeouts")))),
        graph("Time of a pass", "A slow API server shows here first.", "s",
              *((percentile(which / 100, "controller_runtime_reconcile_time_seconds", "controller"),
                 f"p{which}") for which in (50, 95, 99))),
        graph("Queue", "By priority: -100 was found at the start, 0 happened since.", "short",
              (f"sum by (priority) (workqueue_depth{{{HERE}}})", "priority {{priority}}")),
        graph("Queued and tried again", "Many retries: something keeps failing.", "ops",
              (rate("workqueue_adds_total", "name"), "queued"),
              (rate("workqueue_retries_total", "name"), "tried again")),
        graph("Wait and work", "Wait well above work: too few workers (operator.workers).", "s",
              (percentile(0.99, "workqueue_queue_duration_seconds", "name"), "wait, p99"),
              (percentile(0.99, "workqueue_work_duration_seconds", "name"), "work, p99")),
        graph("Workers", "Busy ones against all.", "short",
              (f"sum by (instance) (controller_runtime_active_workers{{{HERE}}})",
               "{{instance}} busy"),
              (f"sum by (instance) (controller_runtime_max_concurrent_reconciles{{{HERE}}})",
               "{{instance}} all")),
        graph("Work under way", "The oldest pass: one that grows for minutes hangs.", "s",
              (f"max by (instance) (workqueue_longest_running_processor_seconds{{{HERE}}})",
               "{{instance}} oldest"),
              (f"sum by (instance) (workqueue_unfinished_work_seconds{{{HERE}}})",
               "{{instance}} sum")),
        graph("Leader", "1: leads. It should change only when replicas are replaced.", "short",
              (f"leader_election_master_status{{{HERE}}}", "{{instance}}"), stack=True))


def api_server(layout):
    layout.row("API server")
    layout.add(
        graph("Requests", "By status. 409 is a conflict and harmless; 429: the API server wants "
              "less; 403: a role is missing.", "reqps",
              (rate("rest_client_requests_total", "method, code"), "{{method}} {{code}}"),
              stack=True),
        graph("Time of requests, p99", "By verb.", "s",
              (percentile(0.99, "rest_client_request_duration_seconds", "verb"), "{{verb}}")),
        graph("Repeated requests", "By the status that made the operator try again.", "reqps",
              (rate("rest_client_request_retries_total", "verb, code"), "{{verb}} {{code}}")),
        graph("Bytes", "Requests and answers.", "Bps",
              (rate("rest_client_request_size_bytes_sum", "verb"), "{{verb}} sent"),
              (rate("rest_client_response_size_bytes_sum", "verb"), "{{verb}} received")),
        graph("Events of watches", "What the operator is told of.", "ops",
              (rate("loadtest_watch_events_total", "resource, type"), "{{resource}} {{type}}"),
              stack=True),
        graph("Lists of all objects", "expired and error mean that a watch broke; each costs the "
              "API server.", "short",
              (f"sum by (resource, reason) (loadtest_watch_relists_total{{{HERE}}})",
               "{{resource}} {{reason}}")))


def processes(layout):
    layout.row("Process")
    layout.add(
        graph("CPU", "Cores in use.", "short",
              (f"rate(process_cpu_seconds_total{{{HERE}}}[$window]) and on (job, instance) "
               "leader_election_master_status", "{{instance}}")),
        graph("Resident memory", "Grows with the number of LoadTests.", "bytes",
              (process("resident_memory_bytes"), "{{instance}}")),
        graph("Descriptors", "One for each agent and watch.", "short",
              (process("open_fds"), "{{instance}}")))
