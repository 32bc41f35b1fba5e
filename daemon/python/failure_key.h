// The texts under which failures are counted: what `repr` gives of the exception that Locust would
// have reported, without making one. Pure.
#pragma once

#include <string>
#include <string_view>

#include "daemon/python/http_call.h"

namespace squall {

// Of a call without a reply. `fast`: of a FastHttpUser, whose client raises other things.
std::string ErrorKey(const HttpCall& call, bool fast);
// Of a reply whose status is a failure. HttpUser's text names the request, not its URL.
std::string StatusKey(const HttpCall& call, bool fast, std::string_view name);
// Whether Locust's clients take this status for a success.
bool IsOkStatus(int status, bool fast);
// A text as Python writes it in quotes.
std::string Quoted(std::string_view text);

}  // namespace squall
