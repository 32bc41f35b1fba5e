"""One test: what it asks, what it gets, and whether the generator is to be believed."""
from panels import (Layout, annotation, dashboard, graph, heat_map, number, table, values_of,
                    window)

# Outside Kubernetes there is no namespace; =~".*" finds series without the label.
# The label of a LoadTest comes from the chart's PodMonitor; several may run plans of one name.
OF_TEST = 'namespace=~"$namespace", squall_dev_load_test=~"$loadtest", test=~"$test"'
OF_RUN = f'{OF_TEST}, instance=~"$agent"'
OF_NAME = f'{OF_RUN}, name=~"$name"'


def rate(metric, by="", labels=OF_RUN):
    group = f" by ({by})" if by else ""
    return f"sum{group} (rate({metric}{{{labels}}}[$window]))"


def total(metric, by="", labels=OF_RUN):
    group = f" by ({by})" if by else ""
    return f"sum{group} ({metric}{{{labels}}})"


def percentile(which, metric, by="", labels=OF_NAME):
    buckets = rate(f"{metric}_bucket", f"{by}, le" if by else "le", labels)
    return f"histogram_quantile({which}, {buckets})"


RATIO = (f"{rate('squall_failures_total', labels=OF_NAME)} / "
         f"({rate('squall_requests_total', labels=OF_NAME)} > 0)")
NAME = "{{method}} {{name}}"


def build():
    layout = Layout()
    figures(layout)
    load(layout)
    requests(layout)
    times(layout)
    replies(layout)
    generator(layout)
    variables = [
        values_of("namespace", "namespace", "squall_users", "Namespace"),
        values_of("loadtest", "squall_dev_load_test", 'squall_users{namespace=~"$namespace"}',
                  "LoadTest"),
        values_of("test", "test",
                  'squall_users{namespace=~"$namespace", squall_dev_load_test=~"$loadtest"}',
                  "Test"),
        values_of("agent", "instance", f"squall_users{{{OF_TEST}}}", "Agent"),
        values_of("name", "name", f"squall_requests_total{{{OF_RUN}}}", "Request"), window("1m")]
    annotations = [
        annotation("Runs", "blue",
                   f'max by (test) (squall_run_state{{{OF_RUN}, state="running"}}) == 1',
                   "run of {{test}}"),
        annotation("Stages", "purple",
                   f'count_values by (test) ("stage", squall_run_stage{{{OF_RUN}}} > 0)',
                   "stage {{stage}} of {{test}}")]
    return dashboard("squall-load-test", "Squall / Load test",
                     "One load test, of all its agents: the load, the replies, and the generator.",
                     layout, variables, annotations)


def figures(layout):
    layout.add(
        number("Users", "Running users of all agents.", "short", total("squall_users")),
        number("Requests", "Finished requests per second, failed ones included.", "reqps",
               rate("squall_requests_total", labels=OF_NAME)),
        number("Failures", "Part of the requests that fail. The alert begins at 5 %.",
               "percentunit", RATIO, 0.05),
        number("p95", "95 % of the replies are faster; from the intended start, so a target that "
               "hangs shows.", "s", percentile(0.95, "squall_request_duration_seconds")),
        number("Agents", "Agents that have figures of this test.", "short",
               f"count(squall_run_info{{{OF_RUN}}})"),
        number("Generator late", "p99 of how late the event loops run. Above 100 ms the generator, "
               "not the target, sets the pace, and the verdict is INVALID.", "s",
               percentile(0.99, "squall_event_loop_lag_seconds", labels=OF_RUN), 0.1))


def load(layout):
    layout.row("Load")
    layout.add(
        graph("Users", "Running users should follow those that are asked for. Where they stay "
              "behind, agents are missing or users cannot start.", "short",
              (total("squall_users"), "running"), (total("squall_target_users"), "asked for")),
        graph("Users by class", "The mix of user classes.", "short",
              (total("squall_users", "user_class"), "{{user_class}}"), stack=True),
        graph("Stage", "Which stage of the profile each test is in; 0: none, or over.", "none",
              (f"max by (test) (squall_run_stage{{{OF_RUN}}})", "{{test}}")),
        graph("Arrivals", "Open model only: arrivals that are due, and those for which no user was "
              "free. Dropped ones mean that users_max is too low or the target too slow.", "reqps",
              (total("squall_target_arrivals_per_second"), "asked for"),
              (rate("squall_planned_arrivals_total"), "due"),
              (rate("squall_dropped_iterations_total"), "dropped")),
        graph("Tasks", "Finished task runs; errors of templates, data and scripts are the plan's "
              "own fault, not the target's.", "ops",
              (rate("squall_iterations_total"), "finished"),
              (rate("squall_task_errors_total"), "errors of the plan")),
        graph("Users started and ended", "Many of both at a steady number of users: they end "
              "early.", "ops", (rate("squall_users_started_total"), "started"),
              (rate("squall_users_stopped_total"), "ended")))


def requests(layout):
    layout.row("Requests")
    layout.add(
        graph("Requests per second", "Finished requests by name. A fall at steady users means "
              "slower replies.", "reqps",
              (rate("squall_requests_total", "method, name", OF_NAME), NAME), width=12, stack=True),
        graph("Failures per second", "By name: is it one endpoint or all of them?", "reqps",
              (rate("squall_failures_total", "method, name", OF_NAME), NAME), width=12, stack=True),
        graph("Failure ratio", "Failed requests of all requests.", "percentunit", (RATIO, "failed"),
              limit=0.05),
        graph("Status classes", "none: no reply came, as of refused connections and timeouts.",
              "reqps", (rate("squall_responses_total", "status_class"), "{{status_class}}"),
              stack=True),
        graph("Requests in flight", "Growth at a steady rate: the target no longer keeps up.",
              "short", (total("squall_open_requests"), "open")),
        table("By name", "Rates and percentiles over the last window.",
              ("req/s", "reqps", rate("squall_requests_total", "method, name", OF_NAME)),
              ("failed", "percentunit",
               f"{rate('squall_failures_total', 'method, name', OF_NAME)} / "
               f"({rate('squall_requests_total', 'method, name', OF_NAME)} > 0)"),
              *((f"p{which}", "s", percentile(which / 100, "squall_request_duration_seconds",
                                              "method, name")) for which in (50, 95, 99)),
              ("requests", "short", total("squall_requests_total", "method, name", OF_NAME)),
              ("failures", "short", total("squall_failures_total", "method, name", OF_NAME))))


def times(layout):
    layout.row("Times")
    response, service = "squall_request_duration_seconds", "squall_service_time_seconds"
    layout.add(
        graph("Response time", "From the intended start to the end of the reply, estimated from "
              "buckets; the report has them within 0.5 %.", "s",
              *((percentile(which / 100, response), f"p{which}") for which in (50, 90, 95, 99)),
              width=12),
        heat_map("Response times", "Requests by response time. Two bands: two kinds of replies, "
                 "such as hits and misses of a cache.", rate(f"{response}_bucket", "le", OF_NAME)),
        graph("p95 by name", "Which endpoint is slow.", "s",
              (percentile(0.95, response, "method, name"), NAME)),
        graph("Service time against response time", "Service time begins with the send. Where "
              "response time is well above it, requests waited to be sent: the target hangs, or "
              "the generator is late.", "s",
              *((percentile(which / 100, metric), f"{word} p{which}")
                for word, metric in (("response", response), ("service", service))
                for which in (50, 95))),
        graph("Start delay", "From the intended start to the send, where there is a schedule. It "
              "should stay near 0.", "s",
              *((percentile(which / 100, "squall_start_delay_seconds"), f"p{which}")
                for which in (50, 99))))


def replies(layout):
    layout.row("Replies")
    layout.add(
        graph("Checks", "Checks of replies, of the measured phase.", "ops",
              (rate("squall_checks_total", "result"), "{{result}}")),
        graph("Bytes", "Requests, and bodies of replies as they came.", "Bps",
              (rate("squall_sent_bytes_total", labels=OF_NAME), "sent"),
              (rate("squall_received_bytes_total", labels=OF_NAME), "received")),
        graph("Bytes of a reply", "A sudden fall often is an error page with status 200.", "bytes",
              (f"{rate('squall_received_bytes_total', 'method, name', OF_NAME)} / "
               f"({rate('squall_requests_total', 'method, name', OF_NAME)} > 0)", NAME)))


def generator(layout):
    layout.row("Generator")
    layout.add(
        graph("Event loops", "How busy the event loops of each agent are; 100 % is all the time. "
              "Near it, use more agents.", "percentunit",
              (f"rate(squall_event_loop_cpu_seconds_total{{{OF_RUN}}}[$window]) / "
               f"(squall_event_loops{{{OF_RUN}}} > 0)", "{{instance}}"), limit=0.9),
        graph("Users by agent", "Shares should be alike; where an agent is lost, the others take "
              "over its users.", "short", (total("squall_users", "instance"), "{{instance}}"),
              stack=True),
        graph("State", "Agents by the state of their run.", "short",
              (f"sum by (state) (squall_run_state{{{OF_RUN}}})", "{{state}}"), stack=True),
        graph("Spans", "Traced requests and what became of their spans. Dropped: the queue was "
              "full; failed: the collector refused them or was not there. The load does not "
              "wait for either.", "ops",
              (rate("squall_trace_spans_total", "result"), "{{result}}")),
        graph("Reports to outputs", "Only with outputs: reports per second, by kind of receiver.",
              "ops", (f'sum by (output, result) (rate(squall_output_reports_total{{{OF_RUN}}}'
                      "[$window]))", "{{output}} {{result}}")),
        graph("Names beyond the limit", "Requests counted as 'other', since there are too many "
              "names: give requests names without ids in them.", "ops",
              (rate("squall_names_dropped_total"), "as other")))
