#include "operator/kube/api/kubeconfig.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <set>
#include <utility>

#include <absl/status/status.h>
#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "daemon/base/base64.h"
#include "daemon/base/suggest.h"

namespace squall {
namespace {

constexpr size_t kFileBytesMax = size_t{1} << 20;
constexpr size_t kErrorsMax = 20;
constexpr std::string_view kExecV1 = "client.authentication.k8s.io/v1";
constexpr std::string_view kExecV1Beta1 = "client.authentication.k8s.io/v1beta1";

// A place in one of the files, with everything needed to complain about it.
class Section {
 public:
  Section(const YAML::Node& node, const std::string* file, std::string path,
          std::vector<std::string>* errors)
      : node_(node), file_(file), path_(std::move(path)), errors_(errors) {
    if (Given() && !node_.IsMap()) {
      Complain(node_, path_, "must be a map");
    } else if (Given()) {
      CheckDuplicates();
    }
  }

  bool Given() const { return node_.IsDefined() && !node_.IsNull(); }
  bool Has(const char* key) const { return Value(key).IsDefined() && !Value(key).IsNull(); }

  std::string Text(const char* key) const {
    const YAML::Node value = Value(key);
    if (!value.IsDefined() || value.IsNull()) {
      return "";
    }
    if (!value.IsScalar()) {
      Complain(value, PathOf(key), "must be a text");
      return "";
    }
    return value.Scalar();
  }

  bool Flag(const char* key) const {
    const std::string text = Text(key);
    if (!text.empty() && text != "true" && text != "false") {
      Complain(Value(key), PathOf(key), fmt::format("must be true or false, got '{}'", text));
    }
    return text == "true";
  }

  // A path, made relative to the directory of the file.
  std::string File(const char* key) const { return Resolve(Text(key)); }

  std::string Resolve(const std::string& path) const {
    const size_t slash = file_->rfind('/');
    if (path.empty() || path.front() == '/' || slash == std::string::npos) {
      return path;
    }
    return fmt::format("{}/{}", file_->substr(0, slash), path);
  }

  PemSource Pem(const char* data_key, const char* file_key) const {
    PemSource source{"", File(file_key)};
    if (const std::string encoded = Text(data_key); !encoded.empty()) {
      std::optional<std::string> pem = DecodeBase64(encoded);
      if (!pem || pem->empty()) {
        // What it is instead may be a key: it is not shown.
        Complain(Value(data_key), PathOf(data_key), "must be base64");
      } else {
        source.pem = std::move(*pem);
      }
    }
    return source;
  }

  Section Child(const char* key) const { return {Value(key), file_, PathOf(key), errors_}; }

  std::vector<Section> Children(const char* key) const {
    std::vector<Section> children;
    for (const YAML::Node& item : List(key)) {
      children.emplace_back(item, file_, fmt::format("{}[{}]", PathOf(key), children.size()),
                            errors_);
    }
    return children;
  }

  std::vector<std::string> Texts(const char* key) const {
    std::vector<std::string> texts;
    for (const YAML::Node& item : List(key)) {
      if (item.IsScalar()) {
        texts.push_back(item.Scalar());
      } else {
        Complain(item, fmt::format("{}[{}]", PathOf(key), texts.size()), "must be a text");
      }
    }
    return texts;
  }

  std::vector<std::string> Keys() const {
    std::vector<std::string> keys;
    if (Given() && node_.IsMap()) {
      for (const auto& entry : node_) {
        if (entry.first.IsScalar()) {
          keys.push_back(entry.first.Scalar());
        }
      }
    }
    return keys;
  }

  void Complain(const char* key, const std::string& message) const {
    Complain(Has(key) ? Value(key) : node_, PathOf(key), message);
  }

 private:
  // Copied: operator[] of a Node that is not const would add the key.
  YAML::Node Value(const char* key) const {
    const YAML::Node& node = node_;
    return node.IsDefined() && node.IsMap() ? node[key] : YAML::Node(YAML::NodeType::Undefined);
  }

  std::vector<YAML::Node> List(const char* key) const {
    const YAML::Node value = Value(key);
    std::vector<YAML::Node> items;
    if (!value.IsDefined() || value.IsNull()) {
      return items;
    }
    if (!value.IsSequence()) {
      Complain(value, PathOf(key), "must be a list");
      return items;
    }
    std::copy(value.begin(), value.end(), std::back_inserter(items));
    return items;
  }

  // yaml-cpp keeps both, and finds the first.
  void CheckDuplicates() const {
    std::set<std::string> seen;
    for (const auto& entry : node_) {
      if (entry.first.IsScalar() && !seen.insert(entry.first.Scalar()).second) {
        Complain(entry.first, PathOf(entry.first.Scalar()), "must not be given twice");
      }
    }
  }

  std::string PathOf(const std::string& key) const {
    return path_.empty() ? key : fmt::format("{}.{}", path_, key);
  }

  void Complain(const YAML::Node& at, const std::string& path, const std::string& message) const {
    const YAML::Mark mark = at.IsDefined() ? at.Mark() : YAML::Mark::null_mark();
    errors_->push_back(fmt::format("{}:{}:{}: {}{}{}", *file_, mark.line + 1, mark.column + 1, path,
                                   path.empty() ? "" : ": ", message));
  }

  YAML::Node node_;
  const std::string* file_;
  std::string path_;
  std::vector<std::string>* errors_;
};

KubeCluster ReadCluster(const Section& section) {
  KubeCluster cluster;
  cluster.server = section.Text("server");
  cluster.ca = section.Pem("certificate-authority-data", "certificate-authority");
  cluster.tls_server_name = section.Text("tls-server-name");
  cluster.insecure_skip_tls_verify = section.Flag("insecure-skip-tls-verify");
  cluster.proxy_url = section.Text("proxy-url");
  return cluster;
}

std::optional<ExecPlugin> ReadExec(const Section& section) {
  if (!section.Given()) {
    return std::nullopt;
  }
  ExecPlugin exec;
  exec.api_version = section.Text("apiVersion");
  exec.command = section.Text("command");
  if (exec.command.find('/') != std::string::npos) {
    exec.command = section.Resolve(exec.command);
  }
  exec.args = section.Texts("args");
  for (const Section& variable : section.Children("env")) {
    exec.env.emplace_back(variable.Text("name"), variable.Text("value"));
  }
  exec.install_hint = section.Text("installHint");
  exec.interactive_mode = section.Text("interactiveMode");
  exec.provide_cluster_info = section.Flag("provideClusterInfo");
  return exec;
}

KubeUser ReadUser(const Section& section) {
  KubeUser user;
  user.client_certificate = section.Pem("client-certificate-data", "client-certificate");
  user.client_key = section.Pem("client-key-data", "client-key");
  user.token = section.Text("token");
  user.token_file = section.File("tokenFile");
  user.username = section.Text("username");
  user.password = section.Text("password");
  user.exec = ReadExec(section.Child("exec"));
  user.impersonate.user = section.Text("as");
  user.impersonate.uid = section.Text("as-uid");
  user.impersonate.groups = section.Texts("as-groups");
  const Section extra = section.Child("as-user-extra");
  for (const std::string& key : extra.Keys()) {
    user.impersonate.extra.emplace_back(key, extra.Texts(key.c_str()));
  }
  if (section.Has("auth-provider")) {
    const std::string name = section.Child("auth-provider").Text("name");
    user.auth_provider = name.empty() ? "unnamed" : name;
  }
  return user;
}

KubeContext ReadContext(const Section& section) {
  return {section.Text("cluster"), section.Text("user"), section.Text("namespace")};
}

// clusters, users and contexts are lists of {name, <what>: {…}}.
template <typename T, typename Read>
void ReadNamed(const Section& root, const char* list, const char* what, Read read,
               std::map<std::string, T>* into) {
  for (const Section& item : root.Children(list)) {
    const std::string name = item.Text("name");
    if (name.empty()) {
      item.Complain("name", "must be given");
      continue;
    }
    into->emplace(name, read(item.Child(what)));  // the first one stays
  }
}

void ReadFile(const KubeconfigFile& file, Kubeconfig* config, std::vector<std::string>* errors) {
  if (file.text.size() > kFileBytesMax) {
    errors->push_back(fmt::format("{}: must be at most {} bytes", file.path, kFileBytesMax));
    return;
  }
  try {
    const Section root(YAML::Load(file.text), &file.path, "", errors);
    const std::string kind = root.Text("kind");
    if (!kind.empty() && kind != "Config") {
      root.Complain("kind", fmt::format("must be Config, got '{}'", kind));
    }
    if (config->current_context.empty()) {
      config->current_context = root.Text("current-context");
    }
    ReadNamed(root, "clusters", "cluster", ReadCluster, &config->clusters);
    ReadNamed(root, "users", "user", ReadUser, &config->users);
    ReadNamed(root, "contexts", "context", ReadContext, &config->contexts);
  } catch (const YAML::Exception& error) {
    errors->push_back(fmt::format("{}:{}:{}: must be YAML: {}", file.path, error.mark.line + 1,
                                  error.mark.column + 1, error.msg));
  }
}

template <typename T>
absl::StatusOr<T> Lookup(const std::map<std::string, T>& map, std::string_view what,
                         const std::string& name, std::string_view wanted_by) {
  const auto found = map.find(name);
  if (found != map.end()) {
    return found->second;
  }
  std::vector<std::string> names;
  for (const auto& [known, value] : map) {
    names.push_back(known);
  }
  const std::string nearest = SuggestNearest(name, names);
  return absl::InvalidArgumentError(
      fmt::format("{} '{}'{} must be in the kubeconfig{}", what, name, wanted_by,
                  nearest.empty() ? "" : fmt::format(", did you mean '{}'?", nearest)));
}

absl::Status CheckExec(const std::string& user, const ExecPlugin& exec) {
  const auto refuse = [&](const std::string& message) {
    return absl::InvalidArgumentError(fmt::format("users['{}'].exec.{}", user, message));
  };
  if (exec.api_version != kExecV1 && exec.api_version != kExecV1Beta1) {
    return refuse(fmt::format("apiVersion must be {} or {}, got '{}'", kExecV1, kExecV1Beta1,
                              exec.api_version));
  }
  if (exec.command.empty()) {
    return refuse("command must be given");
  }
  const std::string& mode = exec.interactive_mode;
  const bool may_be_absent = exec.api_version == kExecV1Beta1 && mode.empty();
  if (mode != "Never" && mode != "IfAvailable" && !may_be_absent) {
    return refuse(
        fmt::format("interactiveMode must be Never or IfAvailable: nobody is there to answer, "
                    "got '{}'",
                    mode));
  }
  return absl::OkStatus();
}

absl::Status CheckUser(const std::string& name, const KubeUser& user) {
  if (!user.auth_provider.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("users['{}'].auth-provider must not be used: Kubernetes 1.26 removed '{}'; "
                    "use an exec plugin or a token",
                    name, user.auth_provider));
  }
  if (user.client_certificate.given() != user.client_key.given()) {
    return absl::InvalidArgumentError(
        fmt::format("users['{}'] must have a client certificate and its key, there is only the {}",
                    name, user.client_key.given() ? "key" : "certificate"));
  }
  return user.exec ? CheckExec(name, *user.exec) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<Kubeconfig> ParseKubeconfig(const std::vector<KubeconfigFile>& files) {
  Kubeconfig config;
  std::vector<std::string> errors;
  for (const KubeconfigFile& file : files) {
    ReadFile(file, &config, &errors);
  }
  if (errors.empty()) {
    return config;
  }
  std::string message;
  for (size_t i = 0; i < std::min(errors.size(), kErrorsMax); ++i) {
    message += fmt::format("{}{}", i == 0 ? "" : "\n", errors[i]);
  }
  return absl::InvalidArgumentError(message);
}

absl::StatusOr<ChosenContext> ChooseContext(const Kubeconfig& config, std::string_view context) {
  ChosenContext chosen;
  chosen.name = context.empty() ? config.current_context : std::string(context);
  if (chosen.name.empty()) {
    return absl::InvalidArgumentError(
        "the kubeconfig must have a current-context, or name one with --context");
  }
  const auto found = Lookup(config.contexts, "context", chosen.name, "");
  if (!found.ok()) {
    return found.status();
  }
  const std::string wanted_by = fmt::format(" of context '{}'", chosen.name);
  auto cluster = Lookup(config.clusters, "cluster", found->cluster, wanted_by);
  if (!cluster.ok()) {
    return cluster.status();
  }
  chosen.cluster = *std::move(cluster);
  if (chosen.cluster.server.empty()) {
    return absl::InvalidArgumentError(
        fmt::format("clusters['{}'].server must be given", found->cluster));
  }
  // A context without a user is anonymous.
  if (!found->user.empty()) {
    auto user = Lookup(config.users, "user", found->user, wanted_by);
    if (!user.ok()) {
      return user.status();
    }
    chosen.user = *std::move(user);
    if (absl::Status status = CheckUser(found->user, chosen.user); !status.ok()) {
      return status;
    }
  }
  chosen.ns = found->ns.empty() ? "default" : found->ns;
  return chosen;
}

}  // namespace squall
