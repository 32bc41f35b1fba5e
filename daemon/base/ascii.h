// Letters and blanks of ASCII, whatever the locale; other bytes stay as they are. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace squall {

std::string LowerCase(std::string_view text);

bool EqualsIgnoringCase(std::string_view a, std::string_view b);

// Without spaces and tabs at both ends.
std::string_view Trim(std::string_view text);

}  // namespace squall
