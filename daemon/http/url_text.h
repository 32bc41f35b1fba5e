// The text of a URL as HTTP sends it: a request's target, escapes, paths to be redirected to. Pure;
// whatever comes is taken for hostile.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall {

enum class PlusSign { kIsItself, kIsSpace };

// "%41" is "A". What is no escape stays as it is, as browsers do it.
std::string DecodeUrlText(std::string_view text, PlusSign plus);
// So that it can stand as a value in a query.
std::string EncodeUrlText(std::string_view text);

struct UrlTarget {
  std::string path;        // decoded
  std::string_view query;  // as sent, without the "?"
};
// "/a%20b?c=d". Nothing for what is not a path from the root, holds a control character, or has a
// segment "." or "..": no client sends one unless to confuse somebody.
std::optional<UrlTarget> ParseUrlTarget(std::string_view target);

// `wanted` if a browser that is sent there stays on this server; "/" otherwise.
std::string LocalPath(std::string_view wanted);

}  // namespace squall
