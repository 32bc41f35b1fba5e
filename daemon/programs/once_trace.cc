#include "daemon/programs/once_trace.h"

#include <array>
#include <cstdio>

#include <fmt/format.h>

#include "daemon/base/units.h"
#include "daemon/stats/sample.h"

namespace squall {
namespace {

constexpr size_t kBodyBytesMax = 2048;
constexpr std::string_view kIndent = "    ";
constexpr std::array<std::string_view, 4> kSecretHeaders = {"authorization", "cookie", "set-cookie",
                                                            "proxy-authorization"};

bool IsSecret(std::string_view line) {
  const std::string_view name = line.substr(0, line.find(':'));
  for (const std::string_view secret : kSecretHeaders) {
    bool same = name.size() == secret.size() && name.size() < line.size();
    for (size_t i = 0; same && i < name.size(); ++i) {
      const char c = name[i] >= 'A' && name[i] <= 'Z' ? static_cast<char>(name[i] + 32) : name[i];
      same = c == secret[i];
    }
    if (same) {
      return true;
    }
  }
  return false;
}

void AppendVisible(std::string_view text, std::string* out) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 && c != '\t') {
      *out += fmt::format("\\x{:02x}", byte);
    } else if (byte == 127) {
      *out += "\\x7f";
    } else {
      out->push_back(c);
    }
  }
}

std::string Millis(Nanos span) { return fmt::format("{:.2f} ms", ToMillis(span)); }

}  // namespace

std::string ShowMessage(std::string_view message, size_t bytes_max) {
  std::string out;
  std::string_view rest = message.substr(0, bytes_max);
  bool in_head = true;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    in_head = in_head && !line.empty();
    out += kIndent;
    if (in_head && IsSecret(line)) {
      AppendVisible(line.substr(0, line.find(':')), &out);
      out += ": (hidden)";
    } else {
      AppendVisible(line, &out);
    }
    out += '\n';
  }
  if (message.size() > bytes_max) {
    out += fmt::format("    … {} bytes more\n", message.size() - bytes_max);
  }
  return out;
}

void OnceTrace::OnExchange(const Exchange& exchange) {
  const Sample& sample = *exchange.sample;
  const std::string_view colour = !colour_ ? "" : sample.ok ? "\x1b[32m" : "\x1b[31m";
  std::string text =
      fmt::format("{}{} {}{}: {} in {}{}\n", colour, sample.ok ? "ok" : "FAILED", exchange.name,
                  colour_ ? "\x1b[0m" : "",
                  sample.status_code == 0 ? std::string("no reply")
                                          : fmt::format("status {}", sample.status_code),
                  Millis(sample.service), sample.ok ? "" : fmt::format(" – {}", sample.failure));
  if (sample.connect >= Nanos(0)) {
    text += fmt::format("  connect {}", Millis(sample.connect));
    text += sample.tls >= Nanos(0) ? fmt::format(", TLS {}\n", Millis(sample.tls)) : "\n";
  }
  text += "  request\n" + ShowMessage(exchange.request, kBodyBytesMax);
  text += "  reply\n" + ShowMessage(exchange.response, kBodyBytesMax);
  if (!exchange.body.empty()) {
    text += "\n" + ShowMessage("\n" + std::string(exchange.body), kBodyBytesMax);
  }
  text += checks_;
  checks_.clear();
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void OnceTrace::OnCheck(std::string_view /*name*/, std::string_view check, bool passed) {
  checks_ += fmt::format("  {} {}\n", passed ? "✓" : "✗", check);
}

void OnceTrace::OnText(std::string_view text) {
  std::string line = ShowMessage(text, kBodyBytesMax);
  line = "== " + (line.empty() ? "\n" : line.substr(kIndent.size()));
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

}  // namespace squall
