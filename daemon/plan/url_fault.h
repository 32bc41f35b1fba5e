// What is wrong with a URL that a plan or a flag names. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// Of scheme://host[:port][/prefix]: "must …", or "" when nothing is. `credentials_go` completes
// "must not hold a user name or password; use ".
std::string UrlFault(std::string_view url, std::string_view credentials_go);

// A number from 1 to 65535 and nothing else.
bool IsPort(std::string_view text);

}  // namespace squall
