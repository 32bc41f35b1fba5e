#include "daemon/python/failure_key.h"

#include <chrono>

#include <fmt/format.h>

#include "daemon/python/header_text.h"

namespace squall {
namespace {

using Kind = NetError::Kind;

std::string Pool(const HttpCall& call) {
  return fmt::format("{}ConnectionPool(host='{}', port={})",
                     call.request.origin.tls ? "HTTPS" : "HTTP", call.request.origin.host,
                     call.request.origin.port);
}

double Seconds(Nanos duration) { return std::chrono::duration<double>(duration).count(); }

std::string TimeoutKey(const HttpCall& call, bool fast) {
  const HttpCallRequest& request = call.request;
  if (fast) {
    return fmt::format("RetriesExceeded({}, 0, original=timed out)",
                       Quoted(UrlText(request.origin, request.target)));
  }
  if (call.phase == HttpCall::Phase::kConnecting) {
    return fmt::format(
        "ConnectTimeoutError(<urllib3.connection.HTTP{}Connection object at 0x....>, "
        "'Connection to {} timed out. (connect timeout={})')",
        request.origin.tls ? "S" : "", request.origin.host, Seconds(request.connect_timeout));
  }
  const std::string text = fmt::format("{}: Read timed out. (read timeout={})", Pool(call),
                                       Seconds(request.read_timeout));
  return fmt::format("ReadTimeout(ReadTimeoutError({}))", Quoted(text));
}

std::string TlsKey(std::string_view text, bool fast) {
  constexpr std::string_view kNotTrusted = "TLS: certificate not trusted: ";
  if (!text.starts_with(kNotTrusted)) {
    return fmt::format("SSLError({})", Quoted(text));
  }
  const std::string inner = fmt::format(
      "SSLCertVerificationError(1, {})",
      Quoted(fmt::format("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {}",
                         text.substr(kNotTrusted.size()))));
  return fast ? inner : fmt::format("SSLError({})", inner);
}

std::string ClosedKey(const HttpCall& call, bool fast) {
  if (call.first_byte_at != TimePoint{}) {
    return fast ? "HTTPParseError('Incomplete response.')"
                : "ChunkedEncodingError(ProtocolError('Response ended prematurely'))";
  }
  return fast ? "HTTPConnectionClosed('connection closed.')"
              : "RemoteDisconnected('Remote end closed connection without response')";
}

std::string RedirectsKey(const HttpCall& call, bool fast) {
  const int hops = call.request.redirects_max;
  return fast
             ? fmt::format("RetriesExceeded({}, 'Redirection limit reached ({})')",
                           Quoted(call.history.empty() ? std::string() : call.history[0].url), hops)
             : fmt::format("TooManyRedirects('Exceeded {} redirects.')", hops);
}

// The texts are getaddrinfo's, which the resolver passes on; Python adds the numbers.
std::string NameKey(std::string_view text) {
  if (text.ends_with("Temporary failure in name resolution")) {
    return "gaierror(-3, 'Temporary failure in name resolution')";
  }
  if (text.ends_with("No address associated with hostname")) {
    return "gaierror(-5, 'No address associated with hostname')";
  }
  return "gaierror(-2, 'Name or service not known')";
}

}  // namespace

std::string Quoted(std::string_view text) {
  const bool apostrophes = text.find('\'') != text.npos && text.find('"') == text.npos;
  const char quote = apostrophes ? '"' : '\'';
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote || c == '\\') {
      quoted.push_back('\\');
    }
    quoted.push_back(c);
  }
  quoted.push_back(quote);
  return quoted;
}

std::string ErrorKey(const HttpCall& call, bool fast) {
  const std::string& text = call.error.text;
  switch (call.error.kind) {
    case Kind::kRefused:
      return "ConnectionRefusedError(111, 'Connection refused')";
    case Kind::kReset:
      return fast ? "HTTPConnectionClosed('connection closed.')"
                  : "ConnectionResetError(104, 'Connection reset by peer')";
    case Kind::kClosed:
      return ClosedKey(call, fast);
    case Kind::kTimedOut:
      return TimeoutKey(call, fast);
    case Kind::kUnreachable:
      return "OSError(113, 'No route to host')";
    case Kind::kName:
      return NameKey(text);
    case Kind::kTls:
      return TlsKey(text, fast);
    case Kind::kForbidden:
      return fmt::format("PermissionError({})", Quoted(text));
    case Kind::kDescriptors:
      return "OSError(24, 'Too many open files')";
    case Kind::kPorts:
      return "OSError(99, 'Cannot assign requested address')";
    case Kind::kMemory:
      return "OSError(12, 'Cannot allocate memory')";
    default:
      return call.too_many_redirects ? RedirectsKey(call, fast)
                                     : fmt::format("ProtocolError({})", Quoted(text));
  }
}

std::string StatusKey(const HttpCall& call, bool fast, std::string_view name) {
  const int status = call.reply.status;
  if (fast) {
    return fmt::format("LocustBadStatusCode(code={})", status);
  }
  const std::string text =
      fmt::format("{} {} Error: {} for url: {}", status, status < 500 ? "Client" : "Server",
                  ReasonIn(call.reply.head), name);
  return fmt::format("HTTPError({})", Quoted(text));
}

bool IsOkStatus(int status, bool fast) {
  if (!fast) {
    return status < 400 || status >= 600;
  }
  return (status >= 200 && status <= 208) || status == 226 || (status >= 301 && status <= 304) ||
         status == 307 || status == 308;
}

}  // namespace squall
