// What a browser does with the data of an HTML report.
#pragma once

#include <string>
#include <string_view>

namespace squall {

// Of gzip in base64; a failed expectation and "" when it is neither.
std::string Unpacked(std::string_view base64);

}  // namespace squall
