#include "daemon/sinks/http_post.h"

#include <algorithm>
#include <curl/curl.h>
#include <mutex>
#include <netinet/in.h>
#include <unistd.h>

#include <fmt/format.h>

#include "daemon/base/check.h"
#include "daemon/base/utf8.h"

namespace squall {
namespace {

constexpr size_t kAnswerBytesMax = 200;

long Milliseconds(Nanos time) {  // NOLINT(google-runtime-int): libcurl's type
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

// The same text whatever it took, so that many agents say it as one.
const char* FaultText(CURLcode code) {
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return "its name must resolve, and does not";
    case CURLE_COULDNT_CONNECT:
      return "takes no connections";
    case CURLE_OPERATION_TIMEDOUT:
      return "does not answer in time";
    default:
      return curl_easy_strerror(code);
  }
}

}  // namespace

struct HttpPost::Handle {
  CURL* easy = nullptr;
  curl_slist* headers = nullptr;
  curl_slist* resolve = nullptr;
  const HttpPostOptions* options = nullptr;
  std::string answer;  // its beginning
  // Addresses that were not allowed, and whether one was: a name may have several.
  bool refused = false;
  bool allowed = false;

  ~Handle() {
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
    curl_slist_free_all(resolve);
  }

  // libcurl's callbacks.
  static size_t KeepAnswer(const char* data, size_t size, size_t count, void* self) {
    std::string& answer = static_cast<Handle*>(self)->answer;
    if (answer.size() < kAnswerBytesMax) {
      answer.append(data, std::min(size * count, kAnswerBytesMax - answer.size()));
    }
    return size * count;
  }
  static curl_socket_t OpenSocket(void* self, curlsocktype /*purpose*/, curl_sockaddr* address) {
    auto* handle = static_cast<Handle*>(self);
    const auto& allows = handle->options->allows_address;
    if (allows) {
      sockaddr_storage storage{};
      std::copy_n(reinterpret_cast<const char*>(&address->addr),
                  std::min<size_t>(address->addrlen, sizeof(storage)),
                  reinterpret_cast<char*>(&storage));
      if (!allows(storage)) {
        handle->refused = true;
        return CURL_SOCKET_BAD;  // libcurl goes on to the next one
      }
    }
    handle->allowed = true;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  }
};

HttpPost::HttpPost(HttpPostOptions options)
    : options_(std::move(options)), handle_(std::make_unique<Handle>()) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  handle_->options = &options_;
  CURL* const easy = handle_->easy = curl_easy_init();
  SQUALL_CHECK(easy != nullptr);
  for (const auto& [name, value] : options_.headers) {
    // A header of no value is written with a semicolon; with a colon libcurl leaves it out.
    const std::string line = value.empty() ? name + ";" : fmt::format("{}: {}", name, value);
    handle_->headers = curl_slist_append(handle_->headers, line.c_str());
  }
  handle_->headers = curl_slist_append(handle_->headers, "Expect:");  // no 100-continue
  curl_easy_setopt(easy, CURLOPT_URL, options_.url.c_str());
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, handle_->headers);
  curl_easy_setopt(easy, CURLOPT_USERAGENT, options_.user_agent.c_str());
  curl_easy_setopt(easy, CURLOPT_POST, 1L);
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_PROXY, "");
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  // Else a name that does not resolve holds Send until the resolver gives up, whatever the timeout.
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
  if (!options_.resolve.empty()) {
    handle_->resolve = curl_slist_append(nullptr, options_.resolve.c_str());
    curl_easy_setopt(easy, CURLOPT_RESOLVE, handle_->resolve);
  }
  if (!options_.ca_pem.empty()) {
    // In the place of the system's file; its directory (CURLINFO_CAPATH) stays trusted.
    curl_blob blob{const_cast<char*>(options_.ca_pem.data()), options_.ca_pem.size(),
                   CURL_BLOB_NOCOPY};
    curl_easy_setopt(easy, CURLOPT_CAINFO_BLOB, &blob);
  }
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, Milliseconds(options_.connect_timeout));
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &Handle::KeepAnswer);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, handle_.get());
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, &Handle::OpenSocket);
  curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, handle_.get());
}

HttpPost::~HttpPost() = default;

absl::Status HttpPost::Send(std::string_view body) {
  Nanos time_left = options_.timeout;
  return Send(body, &time_left);
}

absl::Status HttpPost::Send(std::string_view body, Nanos* time_left) {
  CURL* const easy = handle_->easy;
  const auto timeout = Milliseconds(std::min(options_.timeout, *time_left));
  if (timeout <= 0) {  // libcurl would take it for no limit
    return absl::UnavailableError(FaultText(CURLE_OPERATION_TIMEDOUT));
  }
  handle_->answer.clear();
  handle_->refused = handle_->allowed = false;
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): the size is the line above.
  curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.data());
  const CURLcode code = curl_easy_perform(easy);
  curl_off_t took_us = 0;
  curl_easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &took_us);
  *time_left -= std::chrono::microseconds(took_us);
  if (code != CURLE_OK) {
    return handle_->refused && !handle_->allowed
               ? absl::PermissionDeniedError(
                     "its address is not among those that outputs may go to")
               : absl::UnavailableError(FaultText(code));
  }
  long status = 0;  // NOLINT(google-runtime-int): libcurl's type
  curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
  if (status >= 200 && status < 300) {
    return absl::OkStatus();
  }
  std::string text = fmt::format("answered {}", status);
  if (!handle_->answer.empty()) {
    text += ": ";
    AppendPrintable(handle_->answer, kAnswerBytesMax, &text);
  }
  return status == 429 || status >= 500 ? absl::UnavailableError(text)
                                        : absl::FailedPreconditionError(text);
}

}  // namespace squall
