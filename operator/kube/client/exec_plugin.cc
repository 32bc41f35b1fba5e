#include "operator/kube/client/exec_plugin.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

// glibc 2.36 declares its functions without C linkage.
extern "C" {
#include <sys/pidfd.h>
}

#include <absl/status/status.h>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "daemon/base/status_macros.h"
#include "operator/kube/api/kube_time.h"
#include "operator/kube/api/object.h"
#include "operator/kube/api/watch_frames.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr size_t kOutputBytesMax = size_t{1} << 20;
constexpr int64_t kPollMsMax = 3'600'000;

std::string ErrnoText(int error) { return std::generic_category().message(error); }

absl::Status Refuse(const std::string& message) { return absl::UnauthenticatedError(message); }

class Fd final {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  ~Fd() { Close(); }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;

  int get() const { return fd_; }
  void Reset(int fd) {
    Close();
    fd_ = fd;
  }
  void Close() {
    if (fd_ >= 0) {
      close(fd_);
    }
    fd_ = -1;
  }

 private:
  int fd_;
};

// Our own environment with these on top: the plugin needs HOME, PATH, proxies and its own settings.
std::vector<std::string> EnvironmentFor(const ExecPlugin& plugin, const std::string& exec_info) {
  std::vector<std::pair<std::string, std::string>> added = plugin.env;
  added.emplace_back("KUBERNETES_EXEC_INFO", exec_info);
  std::vector<std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(added.begin(), added.end(),
                                      [&](const auto& variable) { return variable.first == name; });
    if (!replaced) {
      environment.emplace_back(text);
    }
  }
  for (const auto& [name, value] : added) {
    environment.push_back(fmt::format("{}={}", name, value));
  }
  return environment;
}

std::vector<char*> Pointers(std::vector<std::string>* texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts->size() + 1);
  for (std::string& text : *texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

// A started plugin. Kills it if it still runs in the end.
class Child final {
 public:
  Child() = default;
  ~Child() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      Reap();
    }
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // An errno, 0 for success.
  int Start(const ExecPlugin& plugin, const std::string& exec_info) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
      return errno;
    }
    output_.Reset(ends[0]);
    fcntl(ends[0], F_SETFL, O_NONBLOCK);  // the plugin's end blocks, as programs expect
    const Fd input(ends[1]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
    // Sockets of ours are not the plugin's.
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    std::vector<std::string> arguments{plugin.command};
    arguments.insert(arguments.end(), plugin.args.begin(), plugin.args.end());
    std::vector<std::string> environment = EnvironmentFor(plugin, exec_info);
    const int error = posix_spawnp(&pid_, plugin.command.c_str(), &actions, nullptr,
                                   Pointers(&arguments).data(), Pointers(&environment).data());
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
      pid_ = -1;
      return error;
    }
    exit_.Reset(pidfd_open(pid_, 0));
    return exit_.get() < 0 ? errno : 0;
  }

  // Collects what it prints until it has ended. False when the deadline came first, or it printed
  // too much.
  bool Collect(TimePoint deadline, const Clock* clock, std::string* text) {
    while (true) {
      const int64_t left_ms =
          std::chrono::ceil<std::chrono::milliseconds>(deadline - clock->Now()).count();
      pollfd watched[2] = {{exit_.get(), POLLIN, 0}, {output_.get(), POLLIN, 0}};
      if (left_ms <= 0 || poll(watched, 2, static_cast<int>(std::min(left_ms, kPollMsMax))) == 0) {
        return false;
      }
      const bool ended = watched[0].revents != 0;
      if (!Drain(text)) {
        return false;
      }
      if (ended) {
        return true;
      }
    }
  }

  // After Collect: the exit code, or 128 + the signal.
  int Reap() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  bool Drain(std::string* text) {
    char block[4096];
    while (output_.get() >= 0) {
      const ssize_t count = read(output_.get(), block, sizeof block);
      if (count == 0) {
        output_.Close();  // poll skips it from now on
      } else if (count < 0) {
        return errno == EAGAIN || errno == EINTR;
      } else {
        text->append(block, static_cast<size_t>(count));
        if (text->size() > kOutputBytesMax) {
          return false;
        }
      }
    }
    return true;
  }

  pid_t pid_ = -1;
  Fd output_;
  Fd exit_;
};

}  // namespace

absl::StatusOr<ExecCredential> ParseExecCredential(std::string_view text,
                                                   std::string_view api_version) {
  const absl::StatusOr<json::object> object = ParseJsonObject(text);
  if (!object.ok()) {
    return Refuse(fmt::format("its output {}", std::string(object.status().message())));
  }
  if (StringAt(*object, "kind") != "ExecCredential") {
    return Refuse("its output must have kind ExecCredential");
  }
  const std::string got = StringAt(*object, "apiVersion");
  if (got != api_version) {
    return Refuse(fmt::format("its output must have apiVersion {}, got '{}'", api_version, got));
  }
  ExecCredential credential;
  credential.token = StringAt(*object, "status.token");
  credential.client_certificate_pem = StringAt(*object, "status.clientCertificateData");
  credential.client_key_pem = StringAt(*object, "status.clientKeyData");
  if (credential.client_certificate_pem.empty() != credential.client_key_pem.empty()) {
    return Refuse("its output must have clientCertificateData and clientKeyData, or neither");
  }
  if (credential.token.empty() && credential.client_key_pem.empty()) {
    return Refuse("its output must have a token or a client certificate in its status");
  }
  if (const std::string expires = StringAt(*object, "status.expirationTimestamp");
      !expires.empty()) {
    const absl::StatusOr<WallTime> time = ParseKubeTime(expires);
    if (!time.ok()) {
      return Refuse(
          fmt::format("its status.expirationTimestamp {}", std::string(time.status().message())));
    }
    credential.expires = *time;
  }
  return credential;
}

std::string ExecInfo(const ExecPlugin& plugin, const KubeCluster& cluster,
                     const std::string& ca_pem) {
  json::object spec{{"interactive", false}};
  if (plugin.provide_cluster_info) {
    json::object info{{"server", cluster.server},
                      {"insecure-skip-tls-verify", cluster.insecure_skip_tls_verify}};
    const auto add = [&info](const char* key, const std::string& value) {
      if (!value.empty()) {
        info[key] = value;
      }
    };
    add("tls-server-name", cluster.tls_server_name);
    add("proxy-url", cluster.proxy_url);
    add("certificate-authority-data", EncodeBase64(ca_pem));
    spec["cluster"] = std::move(info);
  }
  return json::serialize(json::object{
      {"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}});
}

absl::StatusOr<ExecCredential> RunExecPlugin(const ExecPlugin& plugin, const std::string& exec_info,
                                             Nanos timeout, const Clock* clock) {
  const std::string name = fmt::format("credential plugin '{}'", plugin.command);
  Child child;
  if (const int error = child.Start(plugin, exec_info); error != 0) {
    return Refuse(fmt::format("{} cannot be started: {}{}{}", name, ErrnoText(error),
                              plugin.install_hint.empty() ? "" : "; ", plugin.install_hint));
  }
  std::string output;
  if (!child.Collect(clock->Now() + timeout, clock, &output)) {
    return Refuse(fmt::format("{} must end within {} s and print at most {} bytes", name,
                              std::chrono::ceil<std::chrono::seconds>(timeout).count(),
                              kOutputBytesMax));
  }
  if (const int code = child.Reap(); code != 0) {
    return Refuse(fmt::format("{} has failed with exit code {}", name, code));
  }
  absl::StatusOr<ExecCredential> credential = ParseExecCredential(output, plugin.api_version);
  if (!credential.ok()) {
    return Refuse(fmt::format("{}: {}", name, std::string(credential.status().message())));
  }
  return credential;
}

}  // namespace squall
