#!/usr/bin/python3
"""Drives a load test over gRPC: create, watch, scale, stop, report.

  squall serve &                                   # a coordinator …
  squalld --join 127.0.0.1:7070 &                  # … and an agent
  config/examples/automation.py plan.yaml --users 20

Needs Debian's python3-grpcio, protobuf-compiler and protobuf-compiler-grpc. Exit code: 0 when the
verdict is PASS, 1 for any other verdict, 2 when the server refuses or is not there.
"""
import argparse
import importlib
import pathlib
import subprocess
import sys
import tempfile

import grpc

PROTOS = pathlib.Path(__file__).resolve().parents[2] / "protos"


def load_stubs():
    """Generates the Python code of squall.v1 into a directory of its own and imports it."""
    directory = tempfile.TemporaryDirectory()
    subprocess.run(["protoc", f"--proto_path={PROTOS}", f"--python_out={directory.name}",
                    f"--grpc_out={directory.name}",
                    "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin",
                    *sorted(map(str, PROTOS.glob("squall/v1/*.proto")))], check=True)
    sys.path.insert(0, directory.name)
    messages = importlib.import_module("squall.v1.run_service_pb2")
    services = importlib.import_module("squall.v1.run_service_pb2_grpc")
    run = importlib.import_module("squall.v1.run_pb2")
    directory.cleanup()
    return messages, services, run


def connect(options):
    """A channel; with --ca over TLS, with --token-file authenticated."""
    # A report may be larger than the 4 MB that gRPC receives by default.
    limits = [("grpc.max_receive_message_length", 64 << 20)]
    if not options.ca:
        return grpc.insecure_channel(options.server, limits)
    credentials = grpc.ssl_channel_credentials(pathlib.Path(options.ca).read_bytes())
    return grpc.secure_channel(options.server, credentials, limits)


def drive(options, messages, service, run_types):
    metadata = []
    if options.token_file:
        token = pathlib.Path(options.token_file).read_text().strip()
        metadata.append(("authorization", f"Bearer {token}"))

    # Create. The plan goes as text; the server answers with every mistake in it, if there are any.
    plan = pathlib.Path(options.plan)
    request = messages.CreateRunRequest(agents_min=options.agents)
    request.text.files.add(name=plan.name, content=plan.read_text())
    request.settings.host = options.host
    created = service.CreateRun(request, metadata=metadata)
    run_id = created.run.run_id
    print(f"run {run_id}: {created.run.plan_name}", flush=True)

    # Watch. A message whenever something changes, about once a second; the last one is final.
    scaled = stopped = False
    last = created.run
    watch = service.WatchRun(messages.WatchRunRequest(run_id=run_id), metadata=metadata)
    for now in watch:
        last = now.run
        for event in now.events:
            print(f"  {event.text}", flush=True)
        print(f"  {last.users} users, {last.requests} requests, {last.failures} failures, "
              f"{now.requests_per_second:.1f}/s", flush=True)

        # Scale, once there is load …
        if not scaled and last.requests > 0:
            scaled = True
            change = messages.UpdateRunRequest(run_id=run_id)
            change.users.users = options.users
            change.users.spawn_rate = options.users
            service.UpdateRun(change, metadata=metadata)
            print(f"  scaled to {options.users} users", flush=True)
            continue
        # … and stop, once it has had that load for so many messages.
        if scaled and last.users == options.users:
            options.messages -= 1
            if options.messages <= 0 and not stopped:
                stopped = True
                service.StopRun(messages.StopRunRequest(run_id=run_id, reason="seen enough"),
                                metadata=metadata)

    # Report.
    report = service.GetReport(messages.GetReportRequest(
        run_id=run_id, format=messages.REPORT_FORMAT_MARKDOWN), metadata=metadata)
    print(report.content)
    verdict = run_types.Verdict.Name(last.verdict).removeprefix("VERDICT_")
    print(f"verdict {verdict}, {last.requests} requests, because: {last.stop_reason}")
    return 0 if last.verdict == run_types.VERDICT_PASS else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", help="plan file (YAML)")
    parser.add_argument("--server", default="127.0.0.1:7070", help="of squall serve")
    parser.add_argument("--token-file", help="its bearer token")
    parser.add_argument("--ca", help="CA (PEM) of its TLS certificate")
    parser.add_argument("--host", default="", help="base URL of the target; default: the plan's")
    parser.add_argument("--agents", type=int, default=1, help="wait for so many agents")
    parser.add_argument("--users", type=int, default=10, help="what to scale to")
    parser.add_argument("--messages", type=int, default=5,
                        help="stop after so many messages with that load (about one a second)")
    options = parser.parse_args()
    messages, services, run_types = load_stubs()
    try:
        with connect(options) as channel:
            return drive(options, messages, services.RunServiceStub(channel), run_types)
    except OSError as error:
        print(f"automation.py: {error}", file=sys.stderr)
    except grpc.RpcError as error:
        print(f"automation.py: {options.server}: {error.code().name}: {error.details()}",
              file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
