// gzip, for replies.
#pragma once

#include <string>
#include <string_view>

namespace squall {

std::string Gzip(std::string_view text);

}  // namespace squall
