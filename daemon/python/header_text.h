// Header lines as text: "Name: value\r\n", as they go over the wire. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace squall {

// The value of a header of `head`, without blanks around it; the first of several.
std::optional<std::string_view> FindField(std::string_view head, std::string_view name);
// `lines` without those of that name.
void DropField(std::string_view name, std::string* lines);
// What the status line says after the number.
std::string_view ReasonIn(std::string_view head);

}  // namespace squall
