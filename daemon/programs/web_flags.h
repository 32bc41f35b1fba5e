// The flags of the web page, as typed; with Locust's names where Locust has them. Passwords and
// tokens are in files, since every user of a machine sees its command lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace squall {

struct WebFlags {
  std::string host = "127.0.0.1";  // "", "*": every address of this machine
  uint16_t port = 8089;            // 0: the kernel picks one
  std::string token_file;
  std::string auth_file;  // USER:PASSWORD
  std::string tls_cert;
  std::string tls_key;
  std::vector<std::string> allowed_hosts;
  std::string port_file;
  bool autostart = false;
  std::optional<double> autoquit_seconds;
};

}  // namespace squall
