// Every metric that squalld and the coordinators (`squall serve`, `squall run`) serve, in one
// place: renaming one is an API change, and the golden files
// tests/golden/metrics/{agent,coordinator}.txt say so. docs/metrics.md says what each of them
// means.
//
// squall_<what>_<unit>[_total]: seconds, bytes, ratio 0 to 1. Labels are few and bounded.
#pragma once

namespace squall {

// Users and the load that is asked for.
inline constexpr const char* kMetricUsers = "squall_users";
inline constexpr const char* kMetricTargetUsers = "squall_target_users";
inline constexpr const char* kMetricTargetArrivalRate = "squall_target_arrivals_per_second";
inline constexpr const char* kMetricUsersStarted = "squall_users_started_total";
inline constexpr const char* kMetricUsersStopped = "squall_users_stopped_total";
inline constexpr const char* kMetricIterations = "squall_iterations_total";
inline constexpr const char* kMetricPlannedArrivals = "squall_planned_arrivals_total";
inline constexpr const char* kMetricDroppedIterations = "squall_dropped_iterations_total";
inline constexpr const char* kMetricTaskErrors = "squall_task_errors_total";

// Requests.
inline constexpr const char* kMetricRequests = "squall_requests_total";
inline constexpr const char* kMetricFailures = "squall_failures_total";
inline constexpr const char* kMetricResponses = "squall_responses_total";
inline constexpr const char* kMetricChecks = "squall_checks_total";
inline constexpr const char* kMetricOpenRequests = "squall_open_requests";
inline constexpr const char* kMetricRequestDuration = "squall_request_duration_seconds";
inline constexpr const char* kMetricServiceTime = "squall_service_time_seconds";
inline constexpr const char* kMetricStartDelay = "squall_start_delay_seconds";
inline constexpr const char* kMetricSentBytes = "squall_sent_bytes_total";
inline constexpr const char* kMetricReceivedBytes = "squall_received_bytes_total";

// The run.
inline constexpr const char* kMetricRunState = "squall_run_state";
inline constexpr const char* kMetricRunElapsed = "squall_run_elapsed_seconds";
inline constexpr const char* kMetricRunInfo = "squall_run_info";
inline constexpr const char* kMetricRunStage = "squall_run_stage";

// What leaves the agent beside this page.
inline constexpr const char* kMetricTraceSpans = "squall_trace_spans_total";
inline constexpr const char* kMetricOutputReports = "squall_output_reports_total";

// A coordinator: its runs, its agents, and who talks to it.
inline constexpr const char* kMetricCoordinatorRuns = "squall_coordinator_runs";
inline constexpr const char* kMetricCoordinatorRunsStarted =
    "squall_coordinator_runs_started_total";
inline constexpr const char* kMetricCoordinatorRunsFinished =
    "squall_coordinator_runs_finished_total";
inline constexpr const char* kMetricCoordinatorRunInfo = "squall_coordinator_run_info";
inline constexpr const char* kMetricCoordinatorRunElapsed =
    "squall_coordinator_run_elapsed_seconds";
inline constexpr const char* kMetricCoordinatorRunUsers = "squall_coordinator_run_users";
inline constexpr const char* kMetricCoordinatorRunTargetUsers =
    "squall_coordinator_run_target_users";
inline constexpr const char* kMetricCoordinatorAgents = "squall_coordinator_agents";
inline constexpr const char* kMetricCoordinatorSnapshotAge =
    "squall_coordinator_snapshot_age_seconds";
inline constexpr const char* kMetricCoordinatorStoreBytes = "squall_coordinator_store_bytes";
inline constexpr const char* kMetricCoordinatorStoreWrites =
    "squall_coordinator_store_writes_total";
inline constexpr const char* kMetricCoordinatorHttpRequests =
    "squall_coordinator_http_requests_total";
inline constexpr const char* kMetricCoordinatorStreams = "squall_coordinator_event_streams";

// The agent.
inline constexpr const char* kMetricRefusedCalls = "squall_agent_refused_calls_total";

// The generator itself.
inline constexpr const char* kMetricLoopLag = "squall_event_loop_lag_seconds";
inline constexpr const char* kMetricLoops = "squall_event_loops";
inline constexpr const char* kMetricLoopCpu = "squall_event_loop_cpu_seconds_total";
inline constexpr const char* kMetricLoopWait = "squall_event_loop_wait_seconds_total";
inline constexpr const char* kMetricExhausted = "squall_exhausted_total";
inline constexpr const char* kMetricNamesDropped = "squall_names_dropped_total";
inline constexpr const char* kMetricBuildInfo = "squall_build_info";

// Prometheus's own names for any process.
inline constexpr const char* kMetricProcessCpu = "process_cpu_seconds_total";
inline constexpr const char* kMetricProcessRss = "process_resident_memory_bytes";
inline constexpr const char* kMetricProcessFds = "process_open_fds";
inline constexpr const char* kMetricProcessFdLimit = "process_max_fds";
inline constexpr const char* kMetricProcessStart = "process_start_time_seconds";

// Labels.
inline constexpr const char* kMetricLabelUserClass = "user_class";
inline constexpr const char* kMetricLabelMethod = "method";
inline constexpr const char* kMetricLabelName = "name";
inline constexpr const char* kMetricLabelStatusClass = "status_class";
inline constexpr const char* kMetricLabelResult = "result";
inline constexpr const char* kMetricLabelState = "state";
inline constexpr const char* kMetricLabelReason = "reason";
inline constexpr const char* kMetricLabelResource = "resource";
inline constexpr const char* kMetricLabelVersion = "version";
inline constexpr const char* kMetricLabelTest = "test";  // the plan's name
inline constexpr const char* kMetricLabelRunId = "run_id";
inline constexpr const char* kMetricLabelAgent = "agent";
inline constexpr const char* kMetricLabelVerdict = "verdict";
inline constexpr const char* kMetricLabelOutput = "output";
inline constexpr const char* kMetricLabelCode = "code";

// The label value that everything beyond a bound is counted under.
inline constexpr const char* kMetricOther = "other";

}  // namespace squall
