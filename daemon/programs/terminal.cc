#include "daemon/programs/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace squall {

Terminal DescribeTerminal(FILE* stream, bool no_color) {
  Terminal terminal;
  terminal.interactive = isatty(fileno(stream)) == 1;
  terminal.colour = terminal.interactive && !no_color;
  winsize size{};
  if (terminal.interactive && ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    terminal.width = size.ws_col;
    terminal.height = size.ws_row;
  }
  return terminal;
}

void PrintErr(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); }

}  // namespace squall
