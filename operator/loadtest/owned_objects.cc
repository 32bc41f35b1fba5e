#include "operator/loadtest/owned_objects.h"

#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "daemon/base/base64.h"
#include "daemon/base/status_macros.h"
#include "daemon/net/certificate.h"
#include "daemon/net/token_guard.h"
#include "operator/kube/api/resource.h"
#include "operator/loadtest/names.h"

namespace squall {
namespace {

namespace json = boost::json;

constexpr Nanos kCertificateLife = std::chrono::hours(24 * 365);

absl::StatusOr<std::string> SecretValue(const json::object& secret, std::string_view key) {
  const json::object* data = ObjectAt(secret, "data");
  const json::value* value = data == nullptr ? nullptr : FindIn(*data, key);
  if (value == nullptr || !value->is_string()) {
    return absl::InvalidArgumentError(fmt::format("Secret {} must have '{}'", Name(secret), key));
  }
  const auto bytes = DecodeBase64(std::string_view(value->get_string()));
  if (!bytes.has_value()) {
    return absl::InvalidArgumentError(
        fmt::format("Secret {}: '{}' must be base64", Name(secret), key));
  }
  return *bytes;
}

}  // namespace

absl::Status AddDrainFinalizer(KubeClient* client, const LoadTest& test) {
  json::array finalizers;
  if (const json::array* there = ArrayAt(test.object, "metadata.finalizers"); there != nullptr) {
    finalizers = *there;
  }
  finalizers.emplace_back(kDrainFinalizer);
  const json::array patch = {
      json::object{{"op", "test"},
                   {"path", "/metadata/resourceVersion"},
                   {"value", ResourceVersion(test.object)}},
      json::object{{"op", "add"}, {"path", "/metadata/finalizers"}, {"value", finalizers}}};
  const auto patched = client->JsonPatch(kLoadTests, test.key, patch);
  // Somebody else was faster: the cache will show what.
  return patched.status().code() == absl::StatusCode::kInvalidArgument
             ? absl::AbortedError("the LoadTest has changed")
             : patched.status();
}

absl::Status RemoveDrainFinalizer(KubeClient* client, const LoadTest& test) {
  // From what is there now: the cache may be behind.
  const auto object = client->Get(kLoadTests, test.key);
  if (absl::IsNotFound(object.status())) {
    return absl::OkStatus();
  }
  SQUALL_RETURN_IF_ERROR(object.status());
  if (Uid(*object) != test.uid || !HasFinalizer(*object, kDrainFinalizer)) {
    return absl::OkStatus();
  }
  json::array finalizers;
  for (const json::value& name : *ArrayAt(*object, "metadata.finalizers")) {
    if (!name.is_string() || std::string_view(name.get_string()) != kDrainFinalizer) {
      finalizers.push_back(name);
    }
  }
  const json::array patch = {
      json::object{{"op", "test"},
                   {"path", "/metadata/resourceVersion"},
                   {"value", ResourceVersion(*object)}},
      json::object{{"op", "add"}, {"path", "/metadata/finalizers"}, {"value", finalizers}}};
  const auto patched = client->JsonPatch(kLoadTests, test.key, patch);
  if (patched.status().code() == absl::StatusCode::kInvalidArgument) {
    return absl::AbortedError("the LoadTest has changed");
  }
  if (patched.ok() || absl::IsNotFound(patched.status())) {
    return absl::OkStatus();
  }
  return patched.status();
}

absl::StatusOr<AgentSecret> EnsureAgentSecret(KubeClient* client, const LoadTest& test,
                                              const Clock* clock) {
  const ObjectKey key{test.key.ns, AgentsName(test.key.name)};
  const auto there = client->Get(kSecrets, key);
  if (there.ok() && OwnedBy(*there, test.uid)) {
    return ReadAgentSecret(*there);
  }
  if (there.ok()) {
    return absl::AlreadyExistsError(
        fmt::format("Secret {} belongs to somebody else", key.ToString()));
  }
  if (!absl::IsNotFound(there.status())) {
    return there.status();
  }
  CertificateSpec spec;
  spec.common_name = std::string(kAgentServerName);
  spec.dns_names = {std::string(kAgentServerName)};
  spec.ip_addresses.clear();
  spec.valid_for = kCertificateLife;
  SQUALL_ASSIGN_OR_RETURN(const CertificatePair pair, MakeSelfSigned(spec, clock->Wall()));
  AgentSecret secret;
  SQUALL_ASSIGN_OR_RETURN(secret.token, RandomToken());
  secret.certificate_pem = pair.certificate_pem;
  secret.key_pem = pair.key_pem;
  SQUALL_RETURN_IF_ERROR(client->Create(kSecrets, AgentSecretObject(test, secret)).status());
  return secret;
}

absl::Status ApplyTargetTls(KubeClient* client, const LoadTest& test, TlsSettings* tls) {
  const ServiceTls& wanted = test.target_tls;
  if (!wanted.ca_secret.empty()) {
    SQUALL_ASSIGN_OR_RETURN(const json::object secret,
                            client->Get(kSecrets, {test.key.ns, wanted.ca_secret}));
    SQUALL_ASSIGN_OR_RETURN(tls->ca_pem, SecretValue(secret, "ca.crt"));
  }
  if (!wanted.client_secret.empty()) {
    SQUALL_ASSIGN_OR_RETURN(const json::object secret,
                            client->Get(kSecrets, {test.key.ns, wanted.client_secret}));
    SQUALL_ASSIGN_OR_RETURN(tls->client_cert_pem, SecretValue(secret, "tls.crt"));
    SQUALL_ASSIGN_OR_RETURN(tls->client_key_pem, SecretValue(secret, "tls.key"));
  }
  if (!wanted.server_name.empty()) {
    tls->server_name = wanted.server_name;
  }
  tls->insecure_skip_verify = tls->insecure_skip_verify || wanted.insecure_skip_verify;
  return absl::OkStatus();
}

absl::Status ApplyChildren(KubeClient* client, const LoadTest& test, const Clock* clock) {
  SQUALL_RETURN_IF_ERROR(EnsureAgentSecret(client, test, clock).status());
  SQUALL_RETURN_IF_ERROR(client->Apply(kServices, AgentService(test)).status());
  SQUALL_RETURN_IF_ERROR(
      client->Apply(kPodDisruptionBudgets, AgentDisruptionBudget(test)).status());
  return absl::OkStatus();
}

absl::Status DropChildren(KubeClient* client, const LoadTest& test) {
  const std::string agents = AgentsName(test.key.name);
  const std::pair<ResourceType, std::string> children[] = {
      {kPodDisruptionBudgets, agents},
      {kServices, agents},
      {kSecrets, agents},
      {kSecrets, RunSecretName(test.key.name)}};
  for (const auto& [type, name] : children) {
    // Whose it is was checked when it was made; a foreign one of the name has another owner.
    const auto object = client->Get(type, {test.key.ns, name});
    if (object.ok() && OwnedBy(*object, test.uid)) {
      const absl::Status deleted =
          client->Delete(type, {test.key.ns, name}, {.uid = Uid(*object), .grace_seconds = {}});
      if (!deleted.ok() && !absl::IsNotFound(deleted)) {
        return deleted;
      }
    } else if (!object.ok() && !absl::IsNotFound(object.status())) {
      return object.status();
    }
  }
  return absl::OkStatus();
}

}  // namespace squall
