// fake-kube-apiserver: the fake API server as a program, for tests that are not C++. Writes its URL
// to --port-file once it can be asked, and goes on until SIGTERM or SIGINT.
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "daemon/base/clock.h"
#include "tests/support/kube/fake_api_server.h"

namespace {

// False when it cannot be written; complete in one step, so that nobody reads half of it.
bool WriteFile(const std::string& path, const std::string& text) {
  const std::string draft = path + ".new";
  std::ofstream file(draft);
  file << text;
  file.close();
  return file.good() && std::rename(draft.c_str(), path.c_str()) == 0;
}

}  // namespace

int main(int argc, char** argv) {
  squall::FakeApiServerOptions options;
  std::string crd;
  std::string port_file;
  std::string ca_file;
  double bookmark_seconds = 60;
  CLI::App app("A fake Kubernetes API server, for tests.");
  app.add_option("--listen", options.listen, "loopback address and port; 0: any")
      ->capture_default_str();
  app.add_option("--crd", crd, "a CustomResourceDefinition whose type is checked by its schema");
  app.add_option("--seed", options.seed, "of uids, names, and the chances of faults")
      ->capture_default_str();
  app.add_option("--port-file", port_file, "gets the URL once the server can be asked");
  app.add_option("--token", options.token, "the bearer token that all requests must have");
  app.add_flag("--tls", options.tls, "serve HTTPS with a certificate made for this run");
  app.add_option("--ca-file", ca_file, "with --tls: gets the certificate");
  app.add_option("--bookmark-seconds", bookmark_seconds, "time between the bookmarks of a watch")
      ->capture_default_str();
  app.add_option("--log-length", options.log_length_max, "changes that a watch can go back")
      ->capture_default_str();
  app.add_flag("--garbage-collector", options.housekeeping.garbage_collector,
               "delete what has lost its owners, and empty namespaces");
  app.add_flag("--kubelet", options.housekeeping.kubelet, "move pods from Pending to Running");
  CLI11_PARSE(app, argc, argv);
  options.bookmark_period =
      std::chrono::duration_cast<squall::Nanos>(std::chrono::duration<double>(bookmark_seconds));
  if (!crd.empty()) {
    std::ifstream file(crd);
    options.crd_yaml.assign(std::istreambuf_iterator<char>(file), {});
    if (!file || options.crd_yaml.empty()) {
      std::cerr << "fake-kube-apiserver: --crd: must be a readable file: " << crd << '\n';
      return 2;
    }
  }
  // Blocked before there are threads, so that all of them leave the signals to sigwait.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const squall::SystemClock clock;
  auto server = squall::FakeApiServer::Start(options, &clock);
  if (!server.ok()) {
    std::cerr << "fake-kube-apiserver: " << server.status().message() << '\n';
    return 2;
  }
  const std::string url = (*server)->url();
  const bool written = (ca_file.empty() || WriteFile(ca_file, (*server)->ca_pem())) &&
                       (port_file.empty() || WriteFile(port_file, url + "\n"));
  if (!written) {
    std::cerr << "fake-kube-apiserver: --port-file, --ca-file: must be writable\n";
    return 2;
  }
  std::cout << url << std::endl;
  int number = 0;
  sigwait(&signals, &number);
  return 0;
}
