// What the headers of a request say, for the few that the server itself heeds. Pure; whatever comes
// is taken for hostile.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall {

// Whether If-None-Match names `etag` (without quotes), by weak comparison; "*" names any.
bool NamesEtag(std::string_view if_none_match, std::string_view etag);

// Whether Accept-Encoding lets a reply be gzip.
bool AcceptsGzip(std::string_view accept_encoding);

// Whether Accept asks for a page, as browsers do when somebody follows a link.
bool AcceptsPage(std::string_view accept);

// The value of the first cookie of that name.
std::optional<std::string> FindCookie(std::string_view cookies, std::string_view name);

// The user and the password of "Basic …", joined by ':'.
std::optional<std::string> BasicCredential(std::string_view authorization);
// "Basic …" of them.
std::string BasicAuthorization(std::string_view user, std::string_view password);

// Texts that shrink: JSON, HTML, scripts, style sheets, SVG, CSV.
bool IsText(std::string_view content_type);

}  // namespace squall
