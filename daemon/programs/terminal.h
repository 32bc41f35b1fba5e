// What the terminal behind a stream can do.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string_view>

namespace squall {

struct Terminal {
  bool interactive = false;  // a person may be looking: redraw, colour
  bool colour = false;       // interactive, and neither NO_COLOR nor TERM=dumb
  size_t width = 80;
  size_t height = 24;
};

// `no_color`: the environment has NO_COLOR or TERM=dumb.
Terminal DescribeTerminal(FILE* stream, bool no_color);

void PrintErr(std::string_view text);

}  // namespace squall
